"""What other people's software says of our bytes; run in its environment, imports nothing of ours.

``python -I scitt_check.py QUESTION.json`` prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(path: str) -> None:
    """Answer the question of a file."""
    question = json.loads(Path(path).read_text("utf-8"))
    answers = {"scitt-cose": scitt, "pycose": pycose, "vectors": receipts}
    print(json.dumps(answers[question["what"]](question)))


def scitt(question: dict[str, Any]) -> dict[str, Any]:
    """Verify an event, its receipt, and a receipt whose last byte was changed, with scitt-cose."""
    import scitt_cose

    event, receipt = bytes.fromhex(question["event"]), bytes.fromhex(question["receipt"])
    statement = scitt_cose.parse_signed_statement(event, public_key_pem=question["author"])
    told = {name: statement[name]
            for name in ("signature_verified", "issuer", "subject", "content_type")}  # fmt: skip
    told["payload"] = statement["payload"].hex()
    transparent = scitt_cose.attach_receipts(event, [receipt])
    changed = receipt[:-1] + bytes([receipt[-1] ^ 1])
    return {
        "statement": told,
        "receipt": vars_of(verified(receipt, question["event"], question["key"])),
        "attached": [one.hex() for one in scitt_cose.extract_receipts(transparent)],
        "changed": verified(changed, question["event"], question["key"]).ok,
    }


def verified(receipt: bytes, entry: str, key: str) -> Any:
    """Verify a receipt with scitt-cose."""
    import scitt_cose

    return scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry, log_public_key_pem=key)


def vars_of(result: Any) -> dict[str, Any]:
    """Return what matters of a result."""
    return {name: getattr(result, name) for name in ("ok", "issuer", "subject", "errors", "root")}


def receipts(question: dict[str, Any]) -> dict[str, Any]:
    """Verify many receipts with scitt-cose; return the roots of those that hold."""
    results = [verified(bytes.fromhex(v["hex"]), v["entry"], v["key"])
               for v in question["vectors"]]  # fmt: skip
    return {"roots": [one.root if one.ok else one.errors for one in results]}


def pycose(question: dict[str, Any]) -> dict[str, Any]:
    """Verify an event and its receipt as COSE_Sign1 with pycose, the root by hashlib alone."""
    from pycose.keys import EC2Key, OKPKey
    from pycose.keys.curves import P256, Ed25519
    from pycose.messages import CoseMessage

    event = CoseMessage.decode(bytes.fromhex(question["event"]))
    event.key = OKPKey(crv=Ed25519, x=bytes.fromhex(question["author_x"]))
    point = bytes.fromhex(question["point"])
    key = EC2Key(crv=P256, x=point[1:33], y=point[33:])
    outcomes = {"statement": event.verify_signature()}
    for name, entry in (("receipt", question["event"]), ("changed", question["event"] + "00")):
        receipt = CoseMessage.decode(bytes.fromhex(question["receipt"]))
        receipt.key = key
        root = root_of(receipt.uhdr[396][-1][0], bytes.fromhex(entry))
        outcomes[name] = receipt.verify_signature(detached_payload=root)
    return outcomes


def root_of(proof: bytes, entry: bytes) -> bytes:
    """Return the root to which an inclusion proof leads (RFC 9162 §2.1.3.2)."""
    from hashlib import sha256

    import cbor2

    size, index, path = cbor2.loads(proof)
    last, node = size - 1, sha256(b"\x00" + entry).digest()
    for sibling in path:
        if index & 1 or index == last:
            node = sha256(b"\x01" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return node


if __name__ == "__main__":
    main(sys.argv[1])
