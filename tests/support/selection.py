"""What `make test` leaves to `make test-slow`: every test in SLOW gets the marker `slow`, by where
it stands. What each rule and each command does stays; on PostgreSQL what may differ there: the
schema, every statement, the invariants, and a case of each rule of bookings, numbers and people,
and of queueing and claiming messages.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests import ROOT

_EXAMPLE = "tests/system/test_every_command.py::test_an_example_runs_and_does_something"
SLOW = {
    "tests/cli/commands/test_setup.py::test_a_company_is_set_up": "plays a dialogue in a process",
    "tests/cli/commands/test_setup.py::test_whoever": "as above",
    "tests/cli/commands/test_setup.py::test_twilio_is_switched": "as above",
    "tests/cli/commands/test_setup.py::test_the_provider_stays": "as above",
    "tests/examples/test_docker.py::test_a_wheel": "builds a wheel",
    "tests/examples/test_docker.py::test_the_commands_of_the_image": "starts services",
    "tests/project/test_install.py": "installs petmsg and its packages into new environments",
    "tests/systemd/test_supervisor.py::test_the_dispatcher": "runs a service, and stops it",
    "tests/systemd/test_supervisor.py::test_the_web_server": "as above",
    "tests/campaigns/": "random walks, races, kills and fuzzing: minutes of processor time each",
    "tests/examples/test_cron.py": "runs the example's shell scripts, a process for each command",
    "tests/examples/test_cron_sending.py": "as above",
    "tests/system/test_calls_in_any_history.py": "histories by chance, each until it fails",
    "tests/system/test_bad_input.py": "tries odd words for each argument of each command",
    "tests/system/test_random_input.py": "types a thousand command lines by chance",
    "tests/system/test_kill.py": "kills processes at every step",
    "tests/system/test_races.py": "starts many processes that race",
    "tests/system/test_races_override.py": "as above",
    "tests/system/test_races_absence.py": "as above",
    "tests/system/test_sentinels.py": "runs every example once more",
    "tests/system/test_database_passwords.py::test_no_password": "runs every example three times",
    "tests/system/test_media_tokens.py": "starts a server for each of its answers",
    "tests/system/test_other_company.py": "runs every example twice more",
    "tests/system/test_streams.py": "starts a process for each way a stream can break",
    "tests/cli/commands/test_audit_lost.py": "loses and finds the audit chain's ends",
    "tests/db/test_bad_databases.py": "damages a database in a hundred ways",
    "tests/db/test_bad_databases_access.py": "as other users, on full disks, behind locks",
    "tests/db/test_bad_databases_postgres.py": "starts servers and kills them",
    "tests/db/test_migrate_replies.py": "upgrades and downgrades data: released migrations stay",
    "tests/db/test_migrate_revisions.py": "as above",
    "tests/db/test_migrate_sending.py": "as above",
    "tests/db/test_migrate_triggers.py": "as above",
    "tests/services/calls/test_decide_in_worlds.py::test_nor_in_many_worlds": "walks for a while",
    "tests/services/inbound/test_receive_privately.py::test_a_missing_rule": "walks until it fails",
    "tests/db/test_location.py::test_the_sessions_settings_are_petmsgs_own": "starts processes",
    "tests/db/test_migrate.py::test_a_failure_after_any_statement": "upgrades once per statement",
    "tests/db/test_migrate.py::test_a_failure_between_two_revisions": "as above",
    "tests/cli/commands/test_db.py::test_down_and_up_again": "passes every revision twice",
    "tests/cli/commands/test_doctor.py::test_damaged_pages": "damages a database page by page",
    "tests/cli/commands/test_doctor.py::test_the_command_of_a_problem": "mends each fault",
    "tests/cli/commands/test_serve.py": "starts a web server for each test",
    "tests/cli/commands/test_serve_calls.py": "as above",
    "tests/cli/commands/test_serve_stripe.py": "as above",
    "tests/cli/commands/test_serve_stripe_bookings.py": "as above",
    "tests/cli/test_service_log.py::test_requests_are": "starts a web server",
    "tests/cli/commands/test_metrics.py::test_the_server_answers": "starts a web server twice",
    "tests/cli/flows/test_simulate_call.py::test_a_locked": "waits for a locked database",
    "tests/cli/test_confirmations.py": "starts from a company that every command could harm",
    "tests/cli/test_batch_chunks.py::test_a_reader_that_left": "starts processes",
    "tests/cli/test_batch_chunks.py::test_an_import_goes_on": "starts processes",
    "tests/cli/test_batch_chunks.py::test_an_import_that_cannot_print": "starts processes",
    "tests/cli/test_usage_errors.py::test_in_a_large_company": "fills a large company",
    "tests/db/test_schema_check.py::test_each_difference": "changes the schema once per difference",
    "tests/importers/snoutos/test_run_flaws.py": "imports a company for each flaw",
    "tests/importers/snoutos/test_run_flaws_of_threads.py": "as above",
    "tests/importers/snoutos/test_run_newer_flaws.py": "imports a company for each flaw",
    "tests/project/test_benchmarks.py": "times processes",
    "tests/project/test_imports.py": "reads every module; test-slow imports them all anyway",
    "tests/providers/test_twilio_missing_fields.py": "sends once per field",
    "tests/queries/test_candidates.py::test_of_very_many": "fills a large company",
    "tests/queries/test_senders.py::test_a_sitters_stop_holds": "sixteen states of a company",
    "tests/render/test_terminal.py": "starts processes at pseudo-terminals",
    "tests/rules/contact_details/test_contact_details.py::test_the_time_grows": "measures times",
    "tests/services/bookings/test_calendar_import_changes.py": "many imports of changing calendars",
    "tests/services/inbound/test_receive.py::test_strangers_in_other_countries": "many messages",
    "tests/services/inbound/test_relay.py::test_two_phones_that_answer_each_other_s": "a day",
    "tests/services/inbound/test_relay_question.py::test_a_quotation_without": "many wordings",
    "tests/services/inbound/test_relay_question.py::test_what_repeats_a_forward": "many wordings",
    "tests/services/numbers/test_provider_holds.py::test_a_trial_not_refused": "many tries",
    "tests/services/numbers/test_provider_holds.py::test_nothing_else_is_sent": "many tries",
    "tests/services/numbers/test_provider_holds.py::test_another_provider": "many tries",
    "tests/services/numbers/test_provider_holds.py::test_a_receipt_for": "many tries",
    "tests/services/numbers/test_provider_holds.py::test_a_person_releases": "many tries",
    "tests/services/numbers/test_provider_holds.py::test_one_message_is_tried": "many tries",
    "tests/services/outbox/test_delivery_status_order.py::test_late_repeated": "shuffles reports",
    "tests/system/test_states_of_a_message.py": "tries 26 actions in 24 situations",
    "tests/services/outbox/test_preview.py::test_what_cannot_be_meant": "26 mistakes, as commands",
    "tests/services/outbox/test_queue.py::test_what_a_preview_says": "40 states, twice each",
    "tests/system/test_every_command.py::test_the_outputs_of_a": "runs an example five times",
    "tests/workflows/test_import_provider_numbers.py::test_more_numbers": "a thousand numbers",
    "tests/workflows/worker/test_dispatcher_twilio.py::test_dispatch_drains_sixty": "60 requests",
    "tests/cli/commands/test_demo.py::test_a_table": "plays the demo again",
    "tests/cli/commands/test_demo.py::test_the_demo_of_an_older": "as above",
    "tests/cli/commands/test_route.py::test_what_explain_says_for_now": "walks through a company",
    "tests/cli/flows/test_dispatch.py::test_jsonl_is_one_line": "waits for the rate limit",
    "tests/examples/test_company.py::test_the_readmes": "loads two companies, a process each",
    "tests/project/test_documented_commands.py::test_every_command_works": "a process each",
    "tests/project/test_typed_writes.py::test_mypy": "runs mypy over the services",
    "tests/project/test_words.py::test_no_remark": "reads each file of the repository",
    "tests/project/test_words.py::test_no_user_reads": "as above",
    "tests/project/test_words.py::test_everything_a_user": "as above",
    "tests/project/test_docs.py::test_a_man_page_is_clean": "runs groff and man on each page",
    "tests/rules/routing/test_decide_against_ruleset_1.py::test_ruleset_2_decides": "random facts",
    "tests/spreadsheets/test_read.py::test_five_hundred": "five hundred random files",
    "tests/render/test_today_screen.py::test_it_is_one_screen": "many days and screens",
    "tests/cli/commands/test_demo.py::test_every_claim": "plays the demo twice",
    "tests/web/test_media_route.py::test_a_server_gives": "starts a web server",
    "tests/web/test_media_route_of_twilio.py::test_twilio_fetches": "as above",
    "tests/workflows/test_fetch_media.py::test_a_signed_webhook": "as above",
    "tests/render/test_json_schema.py::test_serve": "as above",
    "tests/render/test_table_names.py::test_a_ref_stands_beside": "runs each writing command",
    "tests/providers/test_twilio_account.py::test_the_rest_is_not": "waits for time-outs",
    "tests/cli/completion/test_candidates.py::test_a_shell": "starts shells",
    "tests/queries/test_plans.py": "fills companies",
    "tests/render/test_json_schema.py::test_demo_db": "plays the demo again",
    "tests/services/inbound/test_relay.py::test_another_clients_word": "waits for the rate limit",
    "tests/services/inbound/test_relay.py::test_a_forward_that_was_sent_late": "as above",
    "tests/services/inbound/test_relay.py::test_two_open_clients": "as above",
    "tests/services/inbound/test_relay.py::test_two_texts_to_one": "as above",
    "tests/services/inbound/test_relay_question.py::test_a_number_that_answers": "as above",
    "tests/services/inbound/test_relay_question.py::test_a_question_that_was_held": "as above",
    "tests/services/inbound/test_relay_question.py::test_a_waiting_message_that": "as above",
    "tests/services/outbox/test_delivery_status.py::test_a_text_stays_sent": "hundreds of reports",
    "tests/services/outbox/test_preview.py::test_a_text_that_a_person": "fills a long queue",
    "tests/services/routes/test_simulate.py::test_every_segment": "explains at each instant",
    "tests/workflows/worker/test_dispatcher.py::test_a_worker_waits_out": "waits in real time",
    "tests/workflows/worker/test_dispatcher.py::test_an_idle_watch": "as above",
    "tests/workflows/worker/test_dispatcher_failures.py::test_an_org_that_could_use": "as above",
    "tests/workflows/worker/test_dispatcher_failures.py::test_the_pause_a_carrier": "as above",
    "tests/workflows/worker/test_dispatcher_failures.py::test_a_provider_that_is": "as above",
    "tests/workflows/worker/test_dispatcher_failures.py::test_a_watch_looks_soon": "as above",
    "tests/workflows/worker/test_dispatcher.py::test_a_watch_goes_on_at_once": "as above",
    "tests/workflows/worker/test_dispatcher.py::test_a_worker_whose_hands": "as above",
    "tests/services/inbound/test_receive_privately.py": "random histories, for minutes",
    "tests/cli/commands/test_notify.py::test_the_url_is_nowhere": "a process for each command",
    "tests/cli/commands/test_notify.py::test_a_server_that_repeats": "as above",
    "tests/cli/commands/test_notify.py::test_no_name_phone": "as above",
    "tests/cli/commands/test_notify.py::test_a_failing_channel": "as above",
    "tests/cli/commands/test_notify.py::test_adding_again": "as above",
    "tests/cli/commands/test_serve_status.py": "starts a web server for each test",
    "tests/workflows/test_notify.py": "starts processes, and channels that hang",
    "tests/workflows/test_notify_thread.py": "as above",
    "tests/db/test_migrate_voices.py": "upgrades and downgrades data: released migrations stay",
    "tests/db/test_migrate_company.py": "as above",
    "tests/db/test_migrate_account.py": "as above",
    "tests/db/test_migrate_calls.py": "as above",
    "tests/services/people/test_erase_during_call.py": "a whole call per place to erase its client",
    "tests/workflows/test_number_market.py::test_a_lost_answer": "waits for time-outs",
    "tests/db/test_migrate.py::test_merging": "as above",
    "tests/db/test_migrate.py::test_down_makes": "as above",
    "tests/queries/test_routing.py::test_the_statement_reads_what_the_orm_reads_now_and_in_the_past"
    "[sqlite-9": "one seed stays",
    "tests/queries/test_routing_of_pools.py::test_a_decision_is_that_of_all_pool_numbers"
    "[postgresql-4": "as above",
    "tests/cli/test_service_log.py::test_a_dispatcher": "a process that works for seconds",
    "tests/db/test_postgres.py": "starts poolers",
    "tests/workflows/worker/test_dispatcher_reconnects.py": "waits in real time",
    "tests/cli/commands/test_setup.py": "runs a dozen commands each, or a terminal",
    "tests/services/outbox/test_delivery_status.py::test_a_provider_that_is_down": "many requests",
    "tests/db/test_schema_check.py::test_so_is_one_that_was_merged": "upgrades and downgrades data",
    "tests/db/test_schema_fingerprint.py::test_so_has_one": "upgrades from each revision",
    "tests/db/test_schema_fingerprint.py::test_each_change": "changes each thing of a schema",
    "tests/db/test_schema_fingerprint.py::test_each_line": "as above",
    "tests/project/test_publishing.py": "builds the archives several times",
    "tests/queries/test_steps.py": "fills a company of 90,000 messages",
    "tests/media/test_prepare.py::test_a_thumbnail_is_a_small_jpeg_without_metadata[moving": "slow",
    "tests/media/test_pictures.py::test_a_gif_that_moves_too_long": "large files",
    "tests/media/test_documents.py::test_a_large_photo": "large files",
    "tests/services/bookings/test_confirm.py::test_more_bookings_than_fit": "a thousand bookings",
    "tests/rules/routing/test_simulate.py::test_a_segment_says": "one seed stays",
    "tests/queries/test_state_intervals.py::test_segments": "random companies; one stays",
    "tests/support/test_postgres.py::test_the_server_ends_with_a_run": "runs tests in a process",
    "tests/support/test_twilio_process.py": "about a part of the tests that slow tests use",
    "tests/project/test_house.py::test_the_sdist": "builds the package, as the wheel check of CI",
    "tests/project/test_house.py::test_the_man_pages": "as above",
    "tests/project/test_architecture.py::test_a_slow_import": "measures times",
    "tests/web/test_connections.py::test_a_head_has_ten_seconds": "waits ten seconds",
    "tests/web/test_connections.py::test_connections_that_say_nothing": "waits in real time",
    f"{_EXAMPLE}[petmsg notify": "starts processes",
    "tests/services/inbound/test_relay.py::test_forgetting_a_client": "test_erase.py stays",
    "tests/providers/test_twilio_timeouts.py::test_a_process_that_was_stopped": "starts processes",
    "tests/providers/test_twilio_timeouts.py::test_no_thread_is_given": "waits in real time",
    "tests/services/outbox/test_unknown_outcomes.py::test_two_clocks_apart": "waits in real time",
    "tests/notify/test_sending.py": "a process for each note",
    "tests/system/test_waited.py": "waits for the rate limit",
    "tests/cli/commands/test_route.py::test_the_promise_holds": "random histories of a company",
    "tests/services/inbound/test_relay_staff.py::test_whatever_happens": "random histories",
    "tests/db/test_liveness.py::test_no_clock_decides": "starts processes with other clocks",
    "tests/workflows/worker/test_dispatcher.py::test_no_transaction_claims": "a long queue",
    "tests/workflows/worker/test_dispatcher.py::test_threads_without": "a long queue",
    "tests/workflows/worker/test_dispatcher_failures.py::test_a_carrier_that_is_down": "real time",
    "tests/workflows/worker/test_dispatcher_failures.py::test_a_burst_of": "real time",
    "tests/workflows/worker/test_dispatcher.py::test_a_long_queue_of": "a long queue",
    "tests/workflows/worker/test_dispatcher.py::test_a_queue_longer": "a long queue",
    "tests/cli/flows/test_dispatch.py::test_dispatch_waits_out": "waits for the rate limit",
    "tests/cli/commands/test_org.py::test_in_every_format": "test_every_command.py has the formats",
    "tests/services/transfer/test_media_files.py::test_an_export_says": "exports twice",
    "tests/services/transfer/test_media_files.py::test_a_damaged_picture": "exports once a fault",
    "tests/system/test_every_command_pooled.py": "runs every example once more, on a server",
    "tests/workflows/test_standby.py": "copies a server and starts its standby",
    "tests/db/test_postgres.py::test_a_folder_of": "sends by many commands; one address stays",
    "tests/db/test_postgres.py::test_a_service_file": "as above",
    "tests/db/test_postgres.py::test_the_first_of_several": "as above",
    "tests/db/test_postgres.py::test_the_options_of": "as above",
    "tests/db/test_postgres.py::test_options_are_kept": "as above, with a pooler each",
    "tests/db/test_postgres.py::test_a_company_lives_behind_a_pooler[session": "one mode stays",
    "tests/db/test_postgres.py::test_what_sends_is_refused_behind_a_pooler_before_anything_is"
    "_written[session": "one mode stays",
    "tests/render/test_json_schema.py::test_message_dispatch_watch": "waits in real time",
}
"""Folders, files or tests, and why they take long."""

FAST = (
    (
        "tests/workflows/test_number_market.py"
        "::test_a_lost_answer_is_looked_up_before_a_second_try[sqlite-reset"
    ),
    "tests/cli/commands/test_setup.py::test_every_answer",
    "tests/db/test_postgres.py::test_a_local_socket",
    "tests/workflows/test_standby.py::test_the_age_of",
    "tests/workflows/test_standby.py::test_a_standby_is_of",
    "tests/campaigns/test_planted.py",
    "tests/db/test_bad_databases.py::test_every_table",
    "tests/db/test_migrate.py::test_a_fresh_upgrade_makes_exactly_what_the_models_say[sqlite",
    "tests/notify/test_sending.py::test_a_note_arrives",
    "tests/system/test_waited.py::test_a_forward_says",
    "tests/services/test_audit.py::test_a_changed_field_is_found_and_its_event_named",
    "tests/system/test_waited.py::test_a_retry_after_hours_asks_whose_phone_it_is[sqlite",
    (
        "tests/services/numbers/test_provider_holds.py"
        "::test_an_account_problem_in_a_delivery_receipt_keeps_everything_queued[30034"
    ),
    (
        "tests/system/test_waited.py"
        "::test_a_forward_that_waited_goes_to_no_sitter_who_does_not_sit_any_more[sqlite"
    ),
    "tests/cli/commands/test_serve.py::test_a_text_comes_in_once_however_often_it_is_delivered[sqlite",
    "tests/cli/commands/test_serve.py::test_what_is_not_signed_is_refused",
    "tests/cli/commands/test_serve_stripe.py::test_a_paid_booking_is_confirmed_once[sqlite",
    "tests/cli/test_confirmations.py::test_without_a_terminal_it_is_wrong_usage_and_nothing_changes[sqlite",
    "tests/db/test_migrate_revisions.py::test_nothing_is_lost_or_changed_that_was_there[sqlite-0010",
    "tests/system/test_media_tokens.py::test_no_token_is_told_or_kept[refused",
    "tests/system/test_other_company.py::test_what_is_anothers_is_not_found[petmsg media show 1-",
    "tests/system/test_other_company.py::test_what_is_anothers_is_not_found[petmsg call show 1-3",
    "tests/db/test_migrate_revisions.py::test_every_table_has_a_row_that_is_moved[sqlite-0011",
    "tests/rules/routing/test_simulate.py::test_a_segment_says_what_decide_says_at_every_instant[0",
    "tests/queries/test_state_intervals.py::test_segments_are_those_of_all_pool_numbers[sqlite-1-26",
    "tests/queries/test_routing_of_pools.py::test_a_decision_is_that_of_all_pool_numbers[sqlite-4",
    "tests/services/inbound/test_receive_privately.py::test_an_answer_to_the_front_desk_reaches_no_sitters_phone[sqlite-2",
    "tests/workflows/test_notify_thread.py::test_dispatch_tells_channels_by_itself[sqlite",
    (
        "tests/services/people/test_erase_during_call.py"
        "::test_whatever_comes_after_it_names_nobody[sqlite-missed-2"
    ),
    "tests/services/outbox/test_claim.py",
    "tests/services/outbox/test_queue_rows.py",
    "tests/services/people/test_client_rows.py::test_a_set_of_rows_leaves_what_the_model_says",
    "tests/services/inbound/test_receive.py::test_stop_counts_for_the_whole_org",
)
"""Exceptions to SLOW: one of each kind."""

SLOW_ON_POSTGRESQL = {
    "tests/cli/": "the commands call services and queries, whose tests run on both databases",
    "tests/examples/": "as above",
    "tests/system/": "as above",
    "tests/importers/": "writes by the same statements as tests/services/transfer",
    "tests/providers/": "a provider has no database, but for one test of the sandbox",
    "tests/web/": "calls the workflows and services, whose tests run on both databases",
    "tests/db/test_schema_check.py::test_so_is_one": "SQLite's stays",
    "tests/db/test_schema_check.py::test_the_old_shape": "as above",
    "tests/workflows/worker/": "calls the services of tests/services/outbox, and waits",
    "tests/db/test_migrate.py": "the fresh upgrade stays, and tests/db/test_schema_check.py",
    "tests/queries/test_routing.py::test_the_statement_reads": "seconds; SQLite's two seeds stay",
    "tests/queries/test_senders.py": "test_query_texts.py prepares its statements there",
    "tests/services/doctor/": "its queries are prepared there by test_query_texts.py",
    "tests/services/outbox/": "waits and tries again, dozens of cases each; some files stay",
    "tests/services/numbers/test_number_import.py::test_a_set": "seconds; SQLite's stays",
    "tests/services/numbers/test_provider_holds.py::test_an_account": "as above",
    "tests/services/inbound/test_receive_privately.py": "as above",
    "tests/services/routes/test_simulate.py": "as above",
    "tests/services/calls/test_decide.py": "as above; test_arrive.py and test_record.py stay",
    "tests/services/calls/test_record.py::test_the_": "each order of events; SQLite's stays",
    "tests/services/calls/test_decide_in_worlds.py": "as above",
    "tests/services/calls/test_end.py": "as above",
    "tests/services/calls/test_missed_call_reply.py": "as above",
    "tests/services/calls/test_ring.py": "as above",
    "tests/queries/test_routing.py::test_a_decision": "seconds; SQLite's stays",
    "tests/services/bookings/test_lead_time.py": "types commands; test_confirm.py stays",
    "tests/services/transfer/": "as above; tests/services/bookings and outbox/test_claim.py stay",
}
"""Where `make test` needs SQLite only."""


KEPT_ON_POSTGRESQL = ("tests/services/outbox/test_queue.py",)
"""Exceptions to SLOW_ON_POSTGRESQL."""

COMMANDS_ON_POSTGRESQL = (
    "tests/queries/",
    "tests/services/bookings/",
)
"""Elsewhere a test that types commands (`cli`) does so on SQLite: these fill in for the others."""


DATABASES = {"cli", "sqlite_cli", "migrated_url", "migrated_sqlite", "database_url", "bare"}
"""The fixtures that open a database."""
MOST_CASES = 2
"""How many cases of a parametrized test with a database stay on each database: the others try the
same rule with other values. Tests without a database keep all of theirs."""
ONE_CASE_ON_POSTGRESQL = "tests/services/"
"""Where one stays on PostgreSQL, but for tests that type commands."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import the files that `make test` leaves out as a whole."""
    place = collection_path.relative_to(ROOT).as_posix() if ROOT in collection_path.parents else ""
    is_left_out = (
        config.getoption("markexpr") == "not slow"
        and place.endswith(".py")
        and any(place.startswith(each) for each in SLOW)
        and not any(each.startswith(place) for each in FAST)
    )
    return True if is_left_out else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow."""
    cases: Counter[tuple[str, bool]] = Counter()
    for item in items:
        on_postgresql = item.get_closest_marker("postgres") is not None
        fixtures = set(getattr(item, "fixturenames", ()))
        types_commands = "cli" in fixtures
        test = (item.nodeid.partition("[")[0], on_postgresql)
        cases[test] += bool(fixtures & DATABASES)
        if item.nodeid.startswith(FAST):
            continue
        one = on_postgresql and not types_commands and test[0].startswith(ONE_CASE_ON_POSTGRESQL)
        if cases[test] > (1 if one else MOST_CASES) or is_slow(
            item.nodeid, on_postgresql=on_postgresql, types_commands=types_commands
        ):
            item.add_marker(pytest.mark.slow)


def is_slow(nodeid: str, *, on_postgresql: bool, types_commands: bool) -> bool:
    """Say whether a test that is not in FAST is left to `make test-slow`."""
    if nodeid.startswith(tuple(SLOW)):
        return True
    return on_postgresql and (
        (nodeid.startswith(tuple(SLOW_ON_POSTGRESQL)) and not nodeid.startswith(KEPT_ON_POSTGRESQL))
        or (types_commands and not nodeid.startswith(COMMANDS_ON_POSTGRESQL))
    )
