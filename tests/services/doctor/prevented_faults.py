"""A fault for each constraint and unique index that would prevent it."""

from tests.support.unguarded import LATER, THEN

# The name of the constraint or unique index, and the check that finds what it would prevent.
HELD: dict[str, tuple[str, str]] = {
    "ck_assignment_window_booked": (
        "window_ends_after_its_start",
        "UPDATE assignment_window SET booked_until = starts_at WHERE id = 1",
    ),
    "ck_assignment_window_grace": (
        "window_ends_after_its_start",
        "UPDATE assignment_window SET ends_at = starts_at WHERE id = 1",
    ),
    "ck_assignment_window_span": (
        "window_ends_after_its_start",
        "UPDATE assignment_window SET booked_until = starts_at, ends_at = starts_at WHERE id = 1",
    ),
    "ck_template_version_version": ("template_agrees", "UPDATE template_version SET version = 0"),
    "uq_template_listed": (
        "template_agrees",
        (
            "INSERT INTO template (id, org_id, name, created_at)"
            " SELECT 99, org_id, name, created_at FROM template WHERE id = 1"
        ),
    ),
    "uq_template_version_template_id_version": (
        "template_agrees",
        (
            "INSERT INTO template_version (id, org_id, template_id, version, body, actor,"
            " created_at) SELECT 99, org_id, template_id, version, body, actor, created_at"
            " FROM template_version WHERE id = 1"
        ),
    ),
    "ck_message_source_any": (
        "message_source_agrees",
        "UPDATE message_source SET reply_to_id = NULL, template_version_id = NULL",
    ),
    "uq_assignment_window_booking_id": (
        "one_window_per_booking",
        "INSERT INTO assignment_window SELECT * FROM assignment_window WHERE id = 1",
    ),
    "uq_alert_open": ("alert_once", "INSERT INTO alert SELECT * FROM alert WHERE id = 1"),
    "uq_blocked_pair_number_id_phone_key": (
        "block_once",
        "INSERT INTO blocked_pair SELECT * FROM blocked_pair WHERE id = 1",
    ),
    "ck_booking_span": (
        "booking_ends_after_its_start",
        "UPDATE booking SET ends_at = starts_at WHERE ref = 'B-3' AND org_id = 1",
    ),
    "ck_booking_lead_minutes": (
        "booking_ends_after_its_start",
        "UPDATE booking SET lead_minutes = -1 WHERE ref = 'B-3' AND org_id = 1",
    ),
    "uq_booking_org_id_ref": (
        "ref_once",
        "UPDATE booking SET ref = 'B-2' WHERE ref = 'B-3' AND org_id = 1",
    ),
    "ck_call_completed": (
        "call_agrees",
        "UPDATE call SET answered_by = NULL, answered_at = NULL WHERE status = 'completed'",
    ),
    "ck_call_ended": ("call_agrees", "UPDATE call SET ended_at = NULL WHERE status = 'no_answer'"),
    "ck_call_seconds": ("call_agrees", "UPDATE call SET duration_seconds = -1 WHERE org_id = 1"),
    "ck_call_voicemail_message": (
        "call_in_inbox",
        "UPDATE call SET message_id = NULL WHERE voicemail_seconds IS NOT NULL",
    ),
    "uq_call_message_id": (
        "call_once",
        (
            "UPDATE call SET message_id ="
            " (SELECT min(message_id) FROM call WHERE org_id = 1) WHERE org_id = 1"
        ),
    ),
    "uq_call_provider_call_id": ("call_once", "UPDATE call SET provider_call_id = 'CA1'"),
    "uq_client_org_id_ref": (
        "ref_once",
        "UPDATE client SET ref = 'C-1' WHERE ref = 'C-2' AND org_id = 1",
    ),
    "uq_client_phone_org_id_e164": (
        "phone_once",
        "UPDATE client_phone SET e164 = '+12025550100' WHERE org_id = 1",
    ),
    "uq_client_phone_primary": (
        "one_primary_phone",
        (
            "INSERT INTO client_phone (id, org_id, client_id, e164, is_primary, created_at)"
            " SELECT 99, org_id, client_id, '+12025550199', is_primary, created_at"
            " FROM client_phone WHERE id = 1"
        ),
    ),
    "ck_media_attempts": ("media_agrees", "UPDATE media SET attempts = -1"),
    "ck_media_linked_url": ("media_agrees", "UPDATE media SET url = 'https://example.com/a.jpg'"),
    "ck_media_position": ("media_agrees", "UPDATE media SET position = -1"),
    "ck_media_sha256": ("media_agrees", "UPDATE media SET status = 'lost'"),
    "ck_media_size": ("media_agrees", "UPDATE media SET size = -1"),
    "ck_media_stored_sha256": (
        "media_agrees",
        "UPDATE media SET sha256 = NULL WHERE status = 'stored'",
    ),
    "uq_media_link_token_hash": (
        "media_link_once",
        "INSERT INTO media_link SELECT * FROM media_link WHERE id = 1",
    ),
    "uq_media_message_id_position": (
        "media_agrees",
        (
            "INSERT INTO media (id, org_id, message_id, position, status, attempts, created_at)"
            " SELECT 99, org_id, message_id, position, 'lost', 0, created_at FROM media"
            " WHERE id = 1"
        ),
    ),
    "ck_message_attempts": (
        "tries_counted",
        "UPDATE message SET attempts = -1 WHERE status = 'queued' AND org_id = 1",
    ),
    "ck_message_price_currency": (
        "price_has_its_currency",
        "UPDATE message SET price_micros = 7900 WHERE status = 'queued' AND org_id = 1",
    ),
    "ck_message_direction_status": (
        "received_came_in",
        "UPDATE message SET status = 'received' WHERE status = 'queued' AND org_id = 1",
    ),
    "uq_message_in_flight": (
        "one_under_way_per_phone",
        (
            "UPDATE message SET status = 'unknown', in_doubt_at = claimed_at,"
            " to_e164 = '+12025550100' WHERE status = 'sent' AND org_id = 1"
        ),
    ),
    "uq_message_org_id_idempotency_key": (
        "key_once",
        "UPDATE message SET idempotency_key = 'k' WHERE org_id = 1",
    ),
    "uq_message_provider_message_id": (
        "provider_id_once",
        "UPDATE message SET provider_message_id = 'SM1' WHERE status = 'sent'",
    ),
    "ck_inbound_text_sitter": ("addressee_named", "UPDATE inbound_text SET sitter_id = NULL"),
    "ck_inbound_text_claimed": (
        "inbox_agrees",
        "UPDATE inbound_text SET claimed_by = 'ada', claimed_at = NULL WHERE org_id = 1",
    ),
    "ck_inbound_text_done": (
        "inbox_agrees",
        "UPDATE inbound_text SET done_by = 'ada', done_at = NULL WHERE org_id = 1",
    ),
    "ck_inbound_text_was_open": (
        "inbox_agrees",
        f"UPDATE inbound_text SET done_by = 'ada', done_at = {THEN}, inbox_at = NULL",
    ),
    "ck_inbound_text_media_count": ("inbox_agrees", "UPDATE inbound_text SET media_count = -1"),
    "ck_message_attempt_thread_rule": (
        "text_in_its_clients_thread",
        "UPDATE message_attempt SET rule = 'pool' WHERE thread_id IS NULL AND org_id = 1",
    ),
    "ck_relay_sitter": ("relay_fits", "UPDATE relay SET sitter_id = NULL WHERE org_id = 1"),
    "ck_relay_question_closed": (
        "question_fits",
        "UPDATE relay_question SET outcome = NULL WHERE org_id = 1",
    ),
    "uq_relay_question_message_id": (
        "question_fits",
        "INSERT INTO relay_question SELECT * FROM relay_question WHERE org_id = 1",
    ),
    "ck_stray_text_adopted": ("stray_once", "UPDATE stray_text SET adopted_at = NULL"),
    "ck_stray_text_media_count": ("stray_once", "UPDATE stray_text SET media_count = -1"),
    "uq_stray_text_provider_message_id": (
        "stray_once",
        "UPDATE stray_text SET provider_message_id = 'SM1'",
    ),
    "uq_notify_channel_org_id_name": (
        "channel_once",
        "UPDATE notify_channel SET name = 'ops' WHERE org_id = 1",
    ),
    "ck_notify_channel_failures": (
        "channel_once",
        "UPDATE notify_channel SET failures = -1 WHERE org_id = 1 AND name = 'ops'",
    ),
    "ck_org_open_from_minute": (
        "settings_in_range",
        "UPDATE org SET open_from_minute = 1440, open_until_minute = 0 WHERE id = 1",
    ),
    "ck_org_open_until_minute": (
        "settings_in_range",
        "UPDATE org SET open_from_minute = 60, open_until_minute = 60 WHERE id = 1",
    ),
    "ck_org_office_hours": (
        "settings_in_range",
        "UPDATE org SET open_from_minute = 60, open_until_minute = NULL WHERE id = 1",
    ),
    "uq_message_attempt_message_id_attempt": (
        "tries_counted",
        (
            "INSERT INTO message_attempt (id, org_id, message_id, attempt, thread_id, number_id,"
            " rule, status, claimed_at) SELECT 99, org_id, message_id, attempt, thread_id,"
            " number_id, rule, 'put_back', claimed_at FROM message_attempt WHERE id = 1"
        ),
    ),
    "uq_message_attempt_provider_message_id": (
        "provider_id_once",
        "UPDATE message_attempt SET provider_message_id = 'SM1'",
    ),
    "ck_message_number_holder_class": (
        "held_class",
        "UPDATE message_number SET class = 'pool' WHERE sitter_id = 1",
    ),
    "ck_message_number_holder_first": (
        "number_of_one_sitter",
        "UPDATE message_number SET first_sitter_id = NULL WHERE sitter_id = 1",
    ),
    "ck_message_number_holder_status": (
        "held_not_retired",
        "UPDATE message_number SET status = 'retired' WHERE sitter_id = 1",
    ),
    "ck_message_number_quarantined_until": (
        "quarantine_has_its_terms",
        "UPDATE message_number SET quarantined_until = NULL WHERE org_id = 1",
    ),
    "ck_message_number_quarantine_reason": (
        "quarantine_has_its_terms",
        "UPDATE message_number SET quarantine_reason = NULL WHERE org_id = 1",
    ),
    "ck_message_number_segments_per_second": (
        "settings_in_range",
        "UPDATE message_number SET segments_per_second = 0 WHERE id = 1",
    ),
    "uq_message_number_e164": (
        "number_once",
        "UPDATE message_number SET e164 = '+14155550100' WHERE class = 'front_desk'",
    ),
    "uq_message_number_front_desk": (
        "one_front_desk",
        (
            "UPDATE message_number SET class = 'front_desk'"
            " WHERE class = 'pool' AND status = 'active' AND org_id = 1"
        ),
    ),
    "uq_message_number_holder": (
        "one_number_per_sitter",
        (
            "UPDATE message_number SET sitter_id = 1, first_sitter_id = 1"
            " WHERE class = 'sitter' AND org_id = 1"
        ),
    ),
    "uq_number_custody_number_id_from_at": (
        "ledger_without_overlap",
        "INSERT INTO number_custody SELECT * FROM number_custody WHERE id = 1",
    ),
    "ck_org_freeze_reason": (
        "settings_in_range",
        f"UPDATE org SET frozen_at = {THEN} WHERE id = 1",
    ),
    "ck_org_frozen_until": (
        "settings_in_range",
        f"UPDATE org SET frozen_until = {THEN} WHERE id = 1",
    ),
    "ck_org_grace_minutes": ("settings_in_range", "UPDATE org SET grace_minutes = -1 WHERE id = 1"),
    "ck_org_lead_minutes": (
        "settings_in_range",
        "UPDATE org SET lead_minutes = 10081 WHERE id = 1",
    ),
    "ck_org_unanswered_minutes": (
        "settings_in_range",
        "UPDATE org SET unanswered_minutes = 0 WHERE id = 1",
    ),
    "ck_org_country": ("settings_in_range", "UPDATE org SET country = 'us' WHERE id = 1"),
    "ck_org_twilio_account": (
        "settings_in_range",
        "UPDATE org SET twilio_account = '' WHERE id = 1",
    ),
    "ck_number_purchase_currency": (
        "purchase_agrees",
        "UPDATE number_purchase SET currency = NULL WHERE status = 'done' AND org_id = 1",
    ),
    "ck_number_purchase_ended": (
        "purchase_agrees",
        "UPDATE number_purchase SET ended_at = NULL WHERE status = 'done' AND org_id = 1",
    ),
    "uq_number_purchase_open": (
        "purchase_open_once",
        "UPDATE number_purchase SET e164 = '+13035550100' WHERE status = 'intended'",
    ),
    "ck_org_calls_per_hour": (
        "settings_in_range",
        "UPDATE org SET calls_per_hour = 0 WHERE id = 1",
    ),
    "ck_org_ring_seconds": ("settings_in_range", "UPDATE org SET ring_seconds = 61 WHERE id = 1"),
    "ck_org_pool_threads_per_number": (
        "settings_in_range",
        "UPDATE org SET pool_threads_per_number = 0 WHERE id = 1",
    ),
    "ck_org_quarantine_days": (
        "settings_in_range",
        "UPDATE org SET quarantine_days = 0 WHERE id = 1",
    ),
    "ck_org_quiet_from_minute": (
        "settings_in_range",
        "UPDATE org SET quiet_from_minute = 1440, quiet_until_minute = 0 WHERE id = 1",
    ),
    "ck_org_quiet_hours": (
        "settings_in_range",
        "UPDATE org SET quiet_from_minute = 60 WHERE id = 1",
    ),
    "ck_org_quiet_until_minute": (
        "settings_in_range",
        "UPDATE org SET quiet_from_minute = 60, quiet_until_minute = 60 WHERE id = 1",
    ),
    "ck_route_override_ended_at": (
        "override_span",
        f"UPDATE route_override SET ended_at = {LATER} WHERE ended_at IS NOT NULL",
    ),
    "ck_route_override_ended_by": (
        "override_span",
        "UPDATE route_override SET ended_by = NULL WHERE ended_at IS NOT NULL",
    ),
    "ck_route_override_span": (
        "override_span",
        "UPDATE route_override SET until_at = starts_at WHERE ended_at IS NULL",
    ),
    "uq_route_override_not_ended": (
        "one_override_at_a_time",
        "UPDATE route_override SET ended_at = NULL, ended_by = NULL",
    ),
    "uq_import_map_org_id_noun_header": (
        "header_map_once",
        "UPDATE import_map SET header = 'handy' WHERE org_id = 1",
    ),
    "ck_import_map_header": (
        "header_map_once",
        "UPDATE import_map SET header = '' WHERE org_id = 1 AND header = 'handy'",
    ),
    "uq_org_slug": ("ref_once", "UPDATE org SET slug = 'alpha'"),
    "uq_opt_out_standing": ("opt_out_once", "INSERT INTO opt_out SELECT * FROM opt_out"),
    "uq_sandbox_text_provider_message_id": (
        "sandbox_id_once",
        "UPDATE sandbox_text SET provider_message_id = 'SM1'",
    ),
    "uq_sitter_org_id_ref": (
        "ref_once",
        "UPDATE sitter SET ref = 'S-1' WHERE ref = 'S-2' AND org_id = 1",
    ),
    "ck_sitter_absence_ended_by": (
        "absence_span",
        "UPDATE sitter_absence SET ended_by = NULL WHERE ended_at IS NOT NULL",
    ),
    "ck_sitter_absence_span": (
        "absence_span",
        "UPDATE sitter_absence SET ends_at = starts_at WHERE ended_at IS NULL",
    ),
    "ck_sitter_activity_span": (
        "activity_ends_after_it_began",
        (
            "INSERT INTO sitter_activity (id, org_id, sitter_id, activated_at, offboarded_at)"
            f" VALUES (99, 1, 1, {LATER}, {THEN})"
        ),
    ),
    "uq_sitter_activity_open": (
        "activity_agrees",
        "INSERT INTO sitter_activity SELECT * FROM sitter_activity WHERE id = 1",
    ),
    "uq_thread_org_id_client_id": (
        "one_thread_per_client",
        (
            "INSERT INTO thread (id, org_id, client_id, created_at)"
            " SELECT 99, org_id, client_id, created_at FROM thread WHERE id = 1"
        ),
    ),
}
