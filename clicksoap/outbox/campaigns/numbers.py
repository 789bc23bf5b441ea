"""stub"""

import re
from clicksoap.errors import InvalidInput
from clicksoap.msisdn import msisdn
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem

_PLAIN = re.compile("[1-9][0-9]{6,14}").fullmatch


def recipient(cell, column, region):
    if _PLAIN(cell) and region is None:
        return cell
    try:
        return msisdn(cell, column, region)
    except InvalidInput as e:
        raise BadRow(Problem(Kind.BAD_NUMBER, column, cell[:60], str(e))) from None
