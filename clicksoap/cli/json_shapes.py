"""Shapes of the JSON documents that the verbs write with ``--json``."""

from typing import Final

ERROR: Final = {
    "exit_code": "The exit code.",
    "error": "The error: `class`, `text`, `code`, `until`, `retryable`, `may_have_taken_effect`, `cause`.",
}
"""The document of every verb that ends in an error, except those that say more."""

_MESSAGES: Final = "One object per message, in the order of the arguments"

_CAMPAIGN: Final = {
    "campaign": "The name of the campaign. Also `state` and `why`.",
    "state": "See `campaign`.",
    "why": "See `campaign`.",
    "rows": "The rows of the source. Also `by_state`.",
    "by_state": "See `rows`.",
    "is_finished": "Whether every row is settled.",
    "problems": "The faults that were found; empty if each row is in exactly one state.",
}

SHAPES: Final[dict[str, dict[str, str]]] = {
    "balance": {"credits": "The credits that are left, as text."},
    "charge": {
        "total": "The sum of the credits, as text.",
        "messages": f"{_MESSAGES}: `message_id`, `credits`, `status`, `text`, `error`.",
    },
    "config init": {
        "file": "The file that was written.",
        "profile": "The name of the profile.",
        "login": "Whether a login was tried.",
    },
    "config show": {
        "file": "The configuration file.",
        "profile": "The name of the profile.",
        "settings": "Each setting by its name: `value` and `source`. Secrets are `***`.",
    },
    "config check": {
        "profile": "The name of the profile.",
        "file": "The configuration file.",
        "binding": "The binding that is spoken.",
    },
    "coverage": {"numbers": "One object per number: `number`, `is_routed`, `credits` (text or null), `text`, `error`."},
    "doctor": {
        "checks": "One object per check: `name`, `state` (ok, warning, failed, skipped), `finding`, `meaning`, `mend`, "
        "`details`.",
    },
    "envelope": {"requests": "One object per request: `method`, `url`, `headers`, `body`."},
    "explain": {
        "explanations": "Of a code: one object per meaning, with `kind`, `code`, `text`, `causes`, `mends`.",
        "service": "Of a file: the service. Also `command`, `outcome`, `code`, `reasons`, `warnings`.",
    },
    "outbox plan": {
        "plan": "The plan: `name`, `source`, `columns`, `rows`, `messages`, `parts`, `unicode`, `requests`, `credits`, "
        "`rate`, `duration`, `bad`, `problems`, `duplicates`, `suppressed`, `not_allowed`, "
        "`sent_before`, `sent_as`, `longest`, `first_unicode`, `quiet`, `zones`, `strict`, `previews`.",
    },
    "outbox send": _CAMPAIGN,
    "outbox resume": _CAMPAIGN,
    "outbox cancel": {
        "waiting": "The messages that had not left. Also `out`: those that were out.",
        "out": "See `waiting`.",
        "held": "The messages that the gateway had. Also `stopped` and `unasked` of them.",
        "stopped": "See `held`.",
        "unasked": "See `held`.",
    },
    "outbox export": {"file": "The file.", "rows": "The rows in it; null for a page."},
    "outbox campaigns": {
        "campaigns": "One object per campaign: `name`, `state`, `why`, `source`, `rows`, `note`, `planned_at`, "
        "`started_at`, `again_of`, `again_why`.",
    },
    "outbox work": {
        "sent": "The requests that were sent.",
        "accepted": "The messages that the gateway took.",
        "asked": "The questions about lost requests that were answered.",
        "unfinished": "The requests without an answer at the end; the next worker asks about them.",
    },
    "outbox status": {
        "messages": "The number of messages by state.",
        "due": "The messages that could be sent now. Also `oldest_due`: since when the oldest of them is due.",
        "oldest_due": "See `due`.",
        "in_flight": "The requests within their lease.",
        "asking": "The requests whose answer is lost. Also `asking_until`: the earliest end of asking.",
        "asking_until": "See `asking`.",
        "unreported": "The accepted messages without a delivery report for three days.",
        "accounts": "One object per account: `name`, `rate`, `paused_since`, `paused_until`, `paused_why`, `balance`.",
        "workers": "One object per worker of the last hour: `name`, `machine`, `account`, `slice_at`, `seen_at`, "
        "`in_flight`.",
    },
    "outbox check": {
        "messages": "The number of messages. Also `by_state`.",
        "by_state": "See `messages`.",
        "problems": "The faults that were found; empty if every message is in exactly one state.",
        "asked_first": "With `--after-restore`: the messages that are asked about before they are sent; else null.",
    },
    "outbox list": {
        "messages": "One object per message: `id`, `key`, `to`, `state`, `why`, `code`, `message_id`, "
        "`client_message_id`, `attempts`, `delivery`, `settled_at`.",
    },
    "outbox resolve": {"messages": "The messages, as in `outbox list`."},
    "outbox pause": {},
    "outbox continue": {},
    "outbox suppress": {"is_changed": "Whether the list was changed."},
    "outbox forget": {"messages": "The number of messages that lost their personal data."},
    "outbox rate": {"account": "The account.", "rate": "Its pace in parts a second; null for no limit."},
    "outbox upgrade": {
        "before": "The version of the tables before; null if there were none.",
        "version": "Their version now.",
        "backup": "The file of the copy; null without one.",
    },
    "ping": {"login_ms": "The milliseconds of the login.", "ping_ms": "The milliseconds of the ping."},
    "redeem": {"dry_run": "True with `--dry-run`, else left out."},
    "segments": {
        "parts": "The parts that are charged.",
        "alphabet": "GSM 7-bit or UCS-2.",
        "units": "The septets or UCS-2 units of the text.",
        "units_left": "The units that still fit the last part.",
        "culprits": "The characters that force UCS-2, by code point and name.",
        "text": "The text that was counted.",
    },
    "send": {
        "error": "The error of the send, as above; null if it was completed.",
        "report": "The report, as `SendReport.to_dict()` gives it: `results` has one object per recipient.",
        "dry_run": "With `--dry-run`; also `binding`, `recipients`, `requests`, `alphabet`, `parts_each`, `parts`.",
    },
    "status": {
        "messages": f"{_MESSAGES}: `message_id`, `client_message_id`, `status`, `text`, `is_final`, `is_delivered`, "
        "`error`.",
    },
    "stop": {
        "messages": f"{_MESSAGES}: `message_id`, `client_message_id`, `is_stopped`, `status`, `error`. "
        "With `--dry-run`, the ids alone.",
    },
    "wsdl": {
        "name": "The name of the WSDL.",
        "path": "The path of its service.",
        "sha256": "The checksum of its bytes.",
        "file": "The file that was written; null if none was.",
        "content": "The WSDL; null if it was written to a file.",
    },
}
"""The fields of each verb's document beside ``exit_code``; a command of a group by both words."""
