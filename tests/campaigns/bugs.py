"""The bugs that `planted.py` plants, and the tests that are nearest to each."""

from typing import NamedTuple


class Bug(NamedTuple):
    """In `file` of petmsg `before` becomes `after`; `tests` are those that should notice: folders,
    files, or `file::test`."""

    name: str
    file: str
    before: str
    after: str
    tests: str


ROUTING = "tests/rules/routing tests/queries"
NUMBERS = (
    "tests/services/numbers tests/services/people tests/queries/test_routing.py "
    "tests/cli/commands/test_number.py tests/cli/commands/test_sitter.py "
    "tests/cli/commands/test_sitter_deactivate.py tests/cli/commands/test_sitter_renumber.py"
)
BOOKINGS = (
    "tests/services/bookings/test_confirm.py tests/cli/commands/test_booking.py "
    "tests/cli/commands/test_booking_import.py tests/cli/commands/test_booking_change.py "
    "tests/services/bookings tests/services/people tests/services/routes"
)
SENDING = (
    "tests/services/outbox tests/services/numbers tests/workflows/worker "
    "tests/cli/flows/test_dispatch.py"
)
REPLIES = (
    "tests/services/inbound/test_receive.py tests/services/inbound/test_relay.py "
    "tests/cli/commands/test_inbox.py tests/rules/routing"
)
IMPORTS = "tests/spreadsheets tests/services/transfer/test_import_map.py tests/cli/commands"
TEXTS = (
    "tests/rules/test_segments.py tests/test_phone.py tests/rules/test_keywords.py "
    "tests/rules/contact_details/test_contact_details.py"
)
TIME = (
    "tests/test_clock.py tests/test_clock_changes.py tests/rules/test_send_blocks.py "
    "tests/rules/test_rate_limit.py"
)
AUDIT = (
    "tests/services/test_audit.py tests/rules/test_audit_chain.py tests/cli/commands/test_audit.py "
    "tests/campaigns/test_tampering.py tests/services/doctor tests/services/bookings"
)
WEB = (
    "tests/cli/commands/test_serve.py tests/cli/commands/test_serve_stripe.py "
    "tests/cli/commands/test_serve_stripe_bookings.py tests/cli/commands/test_serve_status.py"
)
CALL_WEB = (
    "tests/web/test_voice_route.py tests/web/test_call_fallback.py tests/web/test_late_events.py "
    "tests/providers/test_twilio_voice.py "
    "tests/providers/test_twilio_call_requests.py"
)
CALL_ACCOUNT = (
    "tests/workflows/test_reconcile_calls.py tests/providers/test_twilio_calls.py "
    "tests/workflows/test_number_webhooks.py tests/services/numbers/test_call_addresses.py"
)

BUGS = (
    # ------------------------------------------------------------------------------- routing
    Bug("a window holds at its last instant", "rules/routing/decide.py",
        "window.starts_at <= at < window.ends_at", "window.starts_at <= at <= window.ends_at",
        ROUTING),
    Bug("a window begins too late", "rules/routing/decide.py",
        "window.starts_at <= at < window.ends_at", "window.starts_at < at < window.ends_at",
        ROUTING),
    Bug("a quarantine ends too late", "rules/routing/decide.py",
        "number.quarantined_until <= at", "number.quarantined_until < at", ROUTING),
    Bug("grace beats booked time", "rules/routing/decide.py",
        "2 if is_booked else 1", "1 if is_booked else 2", ROUTING),
    Bug("lead beats grace", "rules/routing/decide.py",
        "0 if is_lead else 2 if is_booked else 1", "1 if is_lead else 2 if is_booked else 0",
        ROUTING),
    Bug("the earlier window wins", "rules/routing/decide.py",
        "return max(active, key", "return min(active, key", ROUTING),
    Bug("a sitter who left speaks", "rules/routing/decide.py",
        "if not window.sitter_active:", "if False:", ROUTING),
    Bug("no window instead of no number", "rules/routing/decide.py",
        "return Code.SITTER_WITHOUT_NUMBER,", "return Code.NO_ACTIVE_WINDOW,", ROUTING),
    Bug("the pool serves everybody", "rules/routing/decide.py",
        "return facts.pool_for is PoolFor.ONE_TIME and", "return False and", ROUTING),
    Bug("the thread forgets its pool number", "rules/routing/decide.py",
        "if each.number.id == facts.own_pool_number_id:", "if False:", ROUTING),
    Bug("one thread too many per pool number", "rules/routing/decide.py",
        "or each.own_threads < limit", "or each.own_threads <= limit", ROUTING),
    Bug("the most recently used one", "rules/routing/decide.py",
        "chosen = min(fit, key", "chosen = max(fit, key", ROUTING),
    Bug("a desk just out of quarantine first", "rules/routing/decide.py",
        "each.status is not NumberStatus.ACTIVE,", "each.status is NumberStatus.ACTIVE,", ROUTING),
    Bug("a number of another country beside one of the client's", "rules/routing/decide.py",
        "else near or candidates", "else candidates", ROUTING),
    Bug("windows of cancelled bookings", "queries/routing_now.py",
        "JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'\"\"\"",
        "JOIN booking b ON b.id = w.booking_id\"\"\"",
        "tests/queries tests/cli/commands/test_booking_change.py"),
    Bug("the past reads today's numbers", "queries/routing_past.py",
        "WHERE l.number_id = c.number_id AND l.from_at <= :at", "WHERE l.number_id = c.number_id",
        "tests/queries tests/cli/commands/test_route_past.py"),
    Bug("a full pool number counts as one that can be lent", "rules/routing/decide.py",
        "with_room = _with_room(candidates, facts)", "with_room = candidates", ROUTING),
    Bug("the pool numbers used last are read", "queries/routing_now.py",
        "IS NOT NULL\n        ORDER BY last_used_at, id", "IS NOT NULL\n        ORDER BY id",
        ROUTING),
    Bug("a speaker is ignored", "rules/routing/decide.py",
        "if facts.speaker is not None:\n        sitter =", "if False:\n        sitter =",
        "tests/rules/routing/test_decide_against_naive_model.py"
        " tests/system/test_waited.py::test_each_sitter_answers_from_their_own_number"),
    # ------------------------------------------------------------------------------- replies
    Bug("STOP comes to the sitter", "rules/routing/inbound.py",
        "if facts.keyword is not None:", "if False:", REPLIES),
    Bug("a sitter who left reads on", "rules/routing/inbound.py",
        "return window.sitter_active and _holds_number", "return _holds_number", REPLIES),
    Bug("any sitter's number will do", "rules/routing/inbound.py",
        "return facts.holder is not None and window.sitter == facts.holder.sitter",
        "return facts.holder is not None", REPLIES),
    Bug("a resting number is read", "rules/routing/inbound.py",
        "_holds_number(facts, window) and usable(facts.number, at)",
        "_holds_number(facts, window)", REPLIES),
    Bug("former numbers are forgotten", "rules/routing/inbound.py",
        "if facts.seen and facts.seen_holder", "if False and facts.seen_holder", REPLIES),
    Bug("C-1 is taken for C-12", "rules/routing/relay.py",
        "by_ref.get(max(fitting, key", "by_ref.get(min(fitting, key", REPLIES),
    Bug("another's word is not minded", "rules/routing/relay.py",
        "if at - each.wrote_at < NOT_CERTAIN_WITHIN:", "if False:", REPLIES),
    Bug("the first client is meant", "rules/routing/relay.py",
        "return next((each for each in facts.open if last and each.ref == last.client), None)",
        "return facts.open[0]", REPLIES),
    Bug("an answer out of range", "rules/routing/relay.py",
        "if number > len(facts.asked):", "if number > len(facts.asked) + 9:", REPLIES),
    Bug("a text is stored twice", "services/inbound/receive.py",
        "if stored is not None:\n        return stored", "if False:\n        return stored",
        REPLIES),
    Bug("a NUL reaches the database", "services/inbound/receive.py",
        "body = text.body.translate(_NOT_TEXT)", "body = text.body", REPLIES),
    Bug("START is not heard", "services/inbound/keyword_actions.py",
        "new = keyword_start(uow, text.from_phone, sender=sender, at=at, reason=reason)",
        "new = False", REPLIES),
    Bug("CANCEL asks nobody", "services/inbound/keyword_actions.py",
        "elif may_mean_the_visit(text.body):", "elif False:", REPLIES),
    Bug("old texts are passed on", "services/inbound/receive.py",
        "if at < uow.now - STALE_AFTER:", "if False:", REPLIES),
    Bug("phones are passed on", "services/inbound/forward.py",
        "words = hide(text.body, leaks).strip()", "words = text.body.strip()", REPLIES),
    Bug("a sitter's phone reaches a client", "services/inbound/relay.py",
        "if leaks:\n        problem = _why_held(leaks)\n    else:\n        try:\n"
        "            with uow.all_or_nothing():\n"
        "                sitter = sitter_line(uow.cursor, uow.org, sitter_id).sitter\n"
        "                options = SendOptions(key=_key(uow, message_id), as_sitter=sitter,",
        "if False:\n        pass\n    else:\n        try:\n"
        "            with uow.all_or_nothing():\n"
        "                sitter = sitter_line(uow.cursor, uow.org, sitter_id).sitter\n"
        "                options = SendOptions(key=_key(uow, message_id), as_sitter=sitter,"
        " force_reason='why not',", REPLIES),
    Bug("two machines talk for ever", "services/inbound/relay_loop.py",
        "return any(sum(age < span for age in ages) >= most for most, span in MOST_PASSED_ON)",
        "return False", REPLIES),
    Bug("a failed forward is nobody's", "services/outbox/system_messages.py",
        "sitter_id is not None\n    inbox.add(uow, relay.about_id)\n",
        "sitter_id is not None\n", REPLIES),
    Bug("a sitter's old phone is texted", "services/outbox/system_messages.py",
        "if message.to_e164 != phone:", "if False:", REPLIES),
    Bug("our own number is answered", "services/inbound/auto_reply.py",
        "or _is_ours(uow.cursor, text.from_phone)", "", REPLIES),
    Bug("a stranger is answered each time", "services/inbound/auto_reply.py",
        "if not may_reply:\n        return ()", "if False:\n        return ()", REPLIES),
    Bug("office hours the wrong way round", "services/inbound/auto_reply.py",
        "is not None\n    if not is_open", "is None\n    if not is_open", REPLIES),
    Bug("anybody's claim is taken", "services/inbox.py",
        "if before is not None and not take_over:", "if False:", REPLIES),
    Bug("a waiting forward is not decided again at the claim", "services/outbox/system_messages.py",
        "if relay.kind is RelayKind.FORWARD:", "if False:",
        "tests/system/test_waited.py"
        "::test_a_forward_that_waited_goes_to_no_sitter_who_does_not_sit_any_more"),
    Bug("a reaction is passed on", "rules/routing/relay.py",
        "if quotes.reaction is Reaction.YES:", "if False:",
        "tests/services/inbound/test_relay_question.py"
        "::test_a_bare_reaction_is_stored_and_nobody_is_asked_or_notified"),
    Bug("who was forwarded last is not minded", "rules/routing/relay.py",
        "if last is not None and last.client != client.ref and at - last.wrote_at"
        " < ANSWERS_WITHIN:", "if False:",
        "tests/services/inbound/test_relay_question.py"
        "::test_an_answer_just_after_a_window_ended_is_not_the_next_clients"),
    Bug("the inbox hides what sitters are not told of", "queries/inbox.py",
        'else FOR_THE_DESK), parameters',
        "else FOR_THE_DESK + \" AND (g.relay OR i.addressed_to <> 'sitter')\"), parameters",
        "tests/cli/commands/test_inbox.py"
        "::test_without_the_relay_what_is_addressed_to_a_sitter_is_listed_and_says_so"),
    Bug("known phones are not compared", "services/outbox/contact_details.py",
        "if may_hold_a_phone(body):", "if False:",
        "tests/services/outbox/test_contact_details.py"
        "::test_a_phone_of_the_company_is_found_whatever_stands_between_its_digits"),
    # ------------------------------------------------------------------- numbers and sitters
    Bug("an early restore needs no reason", "services/numbers/quarantine.py",
        "if forced and reason is None:", "if False:", NUMBERS),
    Bug("what is due is not released", "services/numbers/quarantine.py",
        "col(MessageNumber.quarantined_until) <= uow.now",
        "col(MessageNumber.quarantined_until) < uow.now",
        NUMBERS),
    Bug("the desk is taken away", "services/numbers/quarantine.py",
        "if is_desk and replacement is None:", "if False:", NUMBERS),
    Bug("a quarantine leaves no ledger row", "services/numbers/quarantine.py",
        "    ledger.append(uow, number, reason=reason)\n    new_desk", "    new_desk", NUMBERS),
    Bug("a restore leaves no ledger row", "services/numbers/quarantine.py",
        '    ledger.append(uow, number, reason=reason or "quarantine over")\n', "", NUMBERS),
    Bug("a clock that steps back", "services/numbers/ledger.py",
        "from_at = max(from_at, last + timedelta(microseconds=1))",
        "from_at = uow.now", NUMBERS),
    Bug("no days at all", "services/numbers/ledger.py",
        "if not 1 <= count <= 3650:", "if not 0 <= count <= 3650:", NUMBERS),
    Bug("a second number for a sitter", "services/numbers/number.py",
        "held = number_held_by(uow, key.id)\n", "held = None\n", NUMBERS),
    Bug("a resting number is given", "services/numbers/number.py",
        "    require_usable(uow, number)\n    end_due_quarantine(uow, number)\n"
        "    number.sitter_id",
        "    number.sitter_id", NUMBERS),
    Bug("windows run on after she left", "services/people/offboard.py",
        "window.ends_at = uow.now\n", "pass\n", NUMBERS),
    Bug("a visit in its lead keeps her", "services/people/offboard.py",
        "sitter.id, col(Booking.starts_at) >=", "sitter.id, col(AssignmentWindow.starts_at) >=",
        "tests/services/bookings/test_lead_time.py"),
    Bug("later bookings keep her", "services/people/offboard.py",
        "booking.sitter_id = None\n", "pass\n", NUMBERS),
    # -------------------------------------------------------------------- bookings, opt-outs
    Bug("no grace", "services/bookings/assignment_window.py",
        "ends_at = booked_until + grace", "ends_at = booked_until", BOOKINGS),
    Bug("no lead", "services/bookings/assignment_window.py",
        "starts_at = booked_from - lead", "starts_at = booked_from", BOOKINGS),
    Bug("a booking's own lead is not heard", "services/bookings/assignment_window.py",
        "usual_lead if lead_minutes is None else timedelta(minutes=lead_minutes)", "usual_lead",
        BOOKINGS),
    Bug("lead times overlap", "queries/confirm.py",
        "     AND b.starts_at < w.booked_until\n", "", BOOKINGS),
    Bug("a cancelled booking is confirmed", "services/bookings/confirm.py",
        "BookingStatus.CANCELLED", "BookingStatus.PENDING", BOOKINGS),
    Bug("an opt-out of one phone only", "services/people/optout.py",
        "if phones is not None:\n        named",
        "if phones is None:\n        wanted = dict(list(wanted.items())[:1])\n"
        "    else:\n        named",
        "tests/cli/commands/test_optout.py tests/services/people"),
    Bug("opted out, and sent all the same", "rules/send_blocks.py",
        "if facts.opted_out_at is not None:", "if False:",
        f"{TIME} tests/cli/commands/test_optout.py"),
    Bug("expired, and sent all the same", "rules/send_blocks.py",
        "facts.expires_at <= at", "facts.expires_at < at", f"{TIME} {SENDING}"),
    Bug("a freeze that never ends", "rules/send_blocks.py",
        "return frozen_at is not None and (until is None or until > at)",
        "return frozen_at is not None", f"{TIME} tests/services/orgs/test_freeze.py"),
    Bug("not quiet yet at the first second", "rules/send_blocks.py",
        "second >= first or second < last", "second > first or second < last", TIME),
    Bug("an older START ends a newer STOP", "queries/opt_out_records.py",
        'newer = "" if even_newer else f" AND', 'newer = "" if True else f" AND',
        "tests/services/people/test_optout_order.py::test_an_older_word_ends_no_newer_opt_out"),
    Bug("a phone that is the client's no more", "queries/send_blocks.py",
        "is_their_phone=client_id is None or to_e164 in phones", "is_their_phone=True",
        "tests/system/test_waited.py::test_a_retry_after_hours_asks_whose_phone_it_is"),
    # ------------------------------------------------------------------------------- sending
    Bug("twice as fast as it may", "rules/rate_limit.py",
        "max(segments, 1) / segments_per_second", "max(segments, 1) / segments_per_second / 2",
        f"{TIME} {SENDING}"),
    Bug("an answer for another try", "services/outbox/record_outcome.py",
        "is_last = message.attempts == claim.attempt and message.worker == claim.worker",
        "is_last = True", SENDING),
    Bug("in doubt, and sent again at once", "services/outbox/unknown_outcomes.py",
        "elif not was_absent and waited >= grace:", "elif not was_absent:", SENDING),
    Bug("the wrong one of two is taken", "services/outbox/unknown_outcomes.py",
        "if len(same) == 1:", "if same:", SENDING),
    Bug("a live sender is called dead", "services/outbox/unknown_outcomes.py",
        "or message.worker != orphan.worker", "", SENDING),
    Bug("no trust is lost with a time-out", "services/outbox/record_outcome.py",
        "message.in_doubt_at = uow.now\n        _set_error", "_set_error", SENDING),
    Bug("in other words, and sent again", "services/outbox/unknown_outcomes.py",
        "if near and (was_absent or (waited is not None and waited >= grace)):", "if False:",
        "tests/services/outbox/test_unknown_outcomes.py"
        "::test_one_in_other_words_is_waited_for_and_then_for_a_person"),
    Bug("a number out of use for the account", "providers/twilio_errors_row.py",
        "            rejection_class=rejection_class,\n            source=source",
        "            rejection_class=RejectionClass.SENDER if code == 30034 else rejection_class,\n"
        "            source=source",
        "tests/services/numbers/test_provider_holds.py"
        "::test_an_account_problem_in_a_delivery_receipt_keeps_everything_queued"),
    Bug("due at once after a backup", "queries/after_restore.py",
        "status IN ('queued', 'sending', 'unknown')", "status IN ('sending', 'unknown')",
        "tests/db/test_restore.py::test_what_was_sent_since_the_backup_is_not_sent_again"),
    # -------------------------------------------------------------------------- the commands
    Bug("what cannot be undone is not asked", "cli/command.py",
        "if asks is not None and not context.is_confirmed:", "if False:",
        "tests/cli/test_confirmations.py"
        "::test_without_a_terminal_it_is_wrong_usage_and_nothing_changes"),
    # ----------------------------------------------------------------------- audit, leaves
    Bug("a swapped event is not seen", "services/audit.py",
        'if row["previous_hash"] != previous:', "if False:", AUDIT),
    Bug("a cut tail is not seen", "services/audit.py",
        "beyond = [seq for seq in heads or {} if seq > last]", "beyond: list[int] = []", AUDIT),
    Bug("changed words are not seen", "services/audit.py",
        'if digest != row["hash"]:', "if False:", AUDIT),
    Bug("a local time that happens twice", "clock.py", "if first != second:", "if False:", TIME),
    Bug("a local time that does not exist", "clock.py",
        "if first.astimezone(place).replace(tzinfo=None) != written:", "if False:", TIME),
    Bug("an emoji is one unit", "rules/segments.py", "[2 if ord(c) > 0xFFFF else 1",
        "[1 if ord(c) > 0xFFFF else 1", TEXTS),
    Bug("160 characters in each part", "rules/segments.py", "_segments(widths, 160, 153)",
        "_segments(widths, 160, 160)", TEXTS),
    Bug("a phone shows its middle", "phone.py",
        "{'*' * (len(e164) - 4)}", "{e164[2:-2]}", f"{TEXTS} tests/system/test_every_command.py"),
    Bug("a word in a sentence opts out", "rules/keywords.py", "if word in STOP:",
        "if any(each in word.split() for each in STOP):", TEXTS),
    Bug("a word in quotes is no word", "rules/keywords.py",
        'char if category[0] in "LN" else', 'char if category[0] in "LN" or char in "\\"“”" else',
        "tests/rules/test_keywords.py::test_every_word_for_stop_is_heard_in_any_case"),
    # ------------------------------------------------------------------ a company's own data
    Bug("of two orders of a date one is taken", "spreadsheets/dates.py",
        "if pair <= self._orders:", "if False:", "tests/spreadsheets"),
    Bug("a saved header is forgotten", "spreadsheets/header.py",
        "if name in maps or name in saved:", "if name in maps:", IMPORTS),
    Bug("an unknown column is never refused", "spreadsheets/header.py",
        "if is_strict and unknown:", "if False:", IMPORTS),
    Bug("another client's phone is taken for theirs", "services/people/client_rows.py",
        "if read.name and known.name and not can_be_same(read.name, known.name):", "if False:",
        "tests/services/people tests/cli/commands/test_client.py"),
    Bug("an extension is dropped in silence", "phone_formats.py",
        "return Phone(e164, extension, is_unassigned)", "return Phone(e164, None, is_unassigned)",
        "tests/test_phone_formats.py tests/system/test_phones.py"),
    Bug("any file is replaced by refused rows", "cli/rejects.py",
        "if is_other:", "if False:", "tests/cli/test_rejects.py"),
    Bug("a cut calendar cancels without a question", "services/bookings/calendar_import.py",
        "if len(self.gone) * 2 <= self.coming:", "if True:",
        "tests/services/bookings/test_calendar_import.py tests/cli/flows"),
    Bug("a series visits on an excepted day", "rules/recurrence.py",
        "if day in left_out:", "if False:", "tests/rules/test_recurrence.py"),
    Bug("a visit that begins as another ends is a clash", "rules/double_bookings.py",
        "other.ends_at > visit.starts_at:", "other.ends_at >= visit.starts_at:",
        "tests/rules/test_double_bookings.py"),
    Bug("a visit goes to a sitter who is away too", "services/bookings/hand_over.py",
        "if each.sitter_id == sitter.id and each.starts_at < visit.ends_at"
        " and begins < each.ends_at:", "if False:",
        "tests/cli/flows/test_absence.py tests/services/bookings/test_hand_over.py"),
    Bug("the last day does not belong to a span", "days.py",
        "timezone=timezone, at=at), timezone)[is_end]", "timezone=timezone, at=at), timezone)[0]",
        "tests/test_days.py"),
    Bug("a gap of tomorrow is not on the screen", "services/routes/today.py",
        "gaps = [row for row in rows if row.gap and",
        "gaps = [row for row in rows if row.gap and row.starts_at is not None and",
        "tests/services/routes/test_today.py tests/cli/commands/test_today.py"),
    Bug("accents count in a search", "rules/search.py",
        'bare = re.sub(_MARKS, "", apart)', "bare = apart",
        "tests/rules/test_search.py tests/queries/test_search.py"),
    Bug("a cancelled booking of a file is booked", "services/bookings/booking_import.py",
        "if isinstance(done, Failure) or done.result not in (TO_CANCEL, LEFT_OUT):", "if True:",
        "tests/services/bookings/test_booking_import.py"),
    # --------------------------------------------------------------------------------- the account
    Bug("an unregistered number is no good any more", "services/outbox/rejections.py",
        "RejectionClass.REGISTRATION: _stay_queued,", "RejectionClass.REGISTRATION: _fail,",
        "tests/services/outbox/test_repeated_codes.py tests/cli/flows/"
        "test_dispatch_refused_account.py"),
    Bug("one message less stops sending", "rules/repeated_codes.py",
        "return phones >= STOP_AT and", "return phones >= STOP_AT - 1 and",
        "tests/rules/test_repeated_codes.py tests/services/outbox/test_repeated_codes.py"),
    Bug("receipts are asked for without a pause", "rules/receipt_requests.py",
        "if age < reached:", "if age <= reached:", "tests/rules/test_receipt_requests.py"),
    Bug("receipts are asked for after four days", "rules/receipt_requests.py",
        "return due_at if due_at <= sent_at + RECEIPTS_ARRIVE_WITHIN else None", "return due_at",
        "tests/rules/test_receipt_requests.py"),
    Bug("a secret stands in the file of settings", "config_file.py",
        'if "password=" in text.lower() or any(map(_has_password, (text, *text.split()))):',
        "if False:", "tests/test_config_file.py"),
    Bug("the file goes before the environment", "config_file.py",
        "if v and not environ.get(k)", "if v", "tests/test_config_file.py"),
    Bug("a watchdog hears success of everything", "cli/ping.py",
        'f"{url}/{code}?rid={mark}",', 'f"{url}/0?rid={mark}",', "tests/cli/test_ping.py"),
    # --------------------------------------------------------------------------------- web
    Bug("an old signature is good", "providers/stripe_signature.py",
        "if abs(now.timestamp() - at) > TOLERANCE_SECONDS:", "if False:",
        "tests/providers/test_stripe_signature.py"),
    Bug("no signature is needed", "providers/twilio_signature.py",
        "if not signature:\n            return False",
        "if not signature:\n            return True", WEB),
    Bug("a payment confirms twice", "services/bookings/payments.py",
        "if not _record_event(uow, payment, StripeOutcome.CONFIRMED):", "if False:", WEB),
    # --------------------------------------------------------------------------------- calls
    Bug("a caller waits as long as a message", "web/voice_route.py",
        "ANSWER_WITHIN = 1.5", "ANSWER_WITHIN = 10.0", CALL_WEB),
    Bug("the desk rings however often somebody calls", "web/voice_route.py",
        "return can_ring and not self._limit.is_reached(line, caller)", "return can_ring",
        CALL_WEB),
    Bug("our own number makes the desk ring", "web/voice_route.py",
        "can_ring = not is_own and", "can_ring =", CALL_WEB),
    Bug("a bug is silence for the caller", "web/voice_route.py",
        'word, document = f"bug: {type(problem).__name__}", self._trouble', "raise", CALL_WEB),
    Bug("an event overtakes its call", "web/late_events.py",
        "for each in ours:", "for each in ():", CALL_WEB),
    Bug("a sitter's voicemail takes a call without a decision", "web/call_fallback.py",
        "needs_key=True", "needs_key=False", CALL_WEB),
    Bug("a name with a phone is spoken", "providers/spoken_words.py",
        "or holds_phone(text) or holds_phone(line)", "", CALL_WEB),
    Bug("a withheld phone is a phone", "providers/twilio_call_requests.py",
        "party not in WITHHELD", "True", CALL_WEB),
    # --------------------------------------------------------------- calls at the provider
    Bug("the audit keeps the desk phone", "services/orgs/org.py",
        '"missed_call_reply", "greeting", "desk_phone")',
        '"missed_call_reply", "greeting")', "tests/cli/commands/test_org.py"),
    Bug("a masked number as the desk phone", "services/orgs/call_settings.py",
        "    refuse_our_number(uow.cursor, phone)\n", "", "tests/cli/commands/test_org.py"),
    Bug("a desk phone as a masked number", "queries/lookup.py",
        "WHERE desk_phone = :e164 LIMIT 1", "WHERE desk_phone = '' LIMIT 1",
        "tests/cli/commands/test_org.py"),
    Bug("calls of a company that never asked", "services/numbers/call_addresses.py",
        "if org.desk_phone is not None or org.voicemail:", "if True:", CALL_ACCOUNT),
    Bug("ends of calls are not told", "services/numbers/call_addresses.py",
        "    if not _has_ended(number, wanted):\n", "    if False:\n", CALL_ACCOUNT),
    Bug("a recorded talk as a voicemail", "providers/twilio_calls.py",
        ' and row.word("source") == _BY_RECORD_VERB', "", CALL_ACCOUNT),
    Bug("a sitter's voicemail took the call", "workflows/reconcile_calls.py",
        " or (is_for_sitter and at == 0)", "", CALL_ACCOUNT),
    Bug("a call that has just begun is ended", "workflows/reconcile_calls.py",
        "run.store.clock() - GRACE", "run.store.clock()", CALL_ACCOUNT),
    Bug("a call that goes on is ended", "workflows/reconcile_calls.py",
        "    if state.status is CallStatus.RINGING:\n", "    if False:\n", CALL_ACCOUNT),
)  # fmt: skip
