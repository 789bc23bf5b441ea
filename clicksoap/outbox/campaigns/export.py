"""stub"""


def export_csv(*a, **k):
    return 0


def export_jsonl(*a, **k):
    return 0
