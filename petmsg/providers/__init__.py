"""Providers of messages, calls and numbers: Protocols, and the adapters `sandbox` and `twilio`.

Also reads and verifies the webhooks of Twilio and Stripe. Services import its types and ask its
registry for codes; they import no adapter. `petmsg.workflows.provider_factory` asks for those.
"""
