import gzip
import random
import struct
import sys
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrape_operator.fetching.body.codings import MAX_MEMBERS, STEP, CodingError
from scrape_operator.fetching.body.decoding import CodingOverflow, Decoder, decoder_for, split_codings

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 50 * 2**20


def raw_deflate(data):
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate raw": raw_deflate,
    "br": lambda data: brotli.compress(data, quality=4),
    "zstd": zstd.compress,
}
ALL = pytest.mark.parametrize("name", list(ENCODERS))
SKIPPABLE = struct.pack("<II", 0x184D2A53, 5) + b"12345"


def coding(name):
    return name.split()[0]


def made(encoding, limit=LIMIT) -> Decoder:
    decoder = decoder_for(split_codings(encoding)[0], limit)
    assert decoder is not None
    return decoder


def decode(encoding, *pieces, limit=LIMIT):
    decoder = made(encoding, limit)
    out = b"".join(step for piece in pieces for step in decoder.feed(piece))
    decoder.finish()
    return out


def outcome(encoding, pieces, limit=LIMIT):
    try:
        return decode(encoding, *pieces, limit=limit)
    except (CodingError, CodingOverflow) as error:
        return type(error)


def cut(data, sizes):
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@ALL
@pytest.mark.parametrize("size", [0, 1, 1000, STEP, 5 * STEP + 1])
def test_what_was_encoded_is_decoded(name, size):
    for data in (bytes(size), random.Random(1).randbytes(size)):
        assert decode(coding(name), ENCODERS[name](data)) == data


@ALL
def test_a_body_byte_by_byte_is_the_same(name):
    data = b"hello, world " * 100
    encoded = ENCODERS[name](data)
    assert decode(coding(name), *(encoded[i : i + 1] for i in range(len(encoded)))) == data


@pytest.mark.parametrize("encoding", ["", "identity", " , identity,", "none", "UTF-8", "none, latin1"])
def test_a_body_without_coding_needs_no_decoder(encoding):
    assert decoder_for(split_codings(encoding)[0], LIMIT) is None


def test_what_is_no_coding_is_named():
    assert split_codings("UTF-8, gzip,none, identity") == (["gzip"], ["utf-8", "none"])


@pytest.mark.parametrize("encoding", ["compress", "gzip, exi", "gzip;q=1", "GZ\x00", "aes128gcm", "br,br,br,br"])
def test_an_unknown_coding_or_too_many_are_refused(encoding):
    with pytest.raises(CodingError):
        decoder_for(split_codings(encoding)[0], LIMIT)


def test_codings_are_taken_off_from_the_last_to_the_first():
    encoded = zstd.compress(brotli.compress(gzip.compress(b"deep")))
    assert decode("GZip, br,identity,\tzstd", encoded) == b"deep"
    assert outcome("zstd, br, gzip", [encoded]) is CodingError


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_members_and_frames_are_all_read(name):
    encoded = b"".join(ENCODERS[name](part) for part in (b"one ", b"", b"two ", b"three"))
    assert decode(name, encoded) == b"one two three"


def test_skippable_frames_of_zstd_are_skipped():
    encoded = SKIPPABLE + zstd.compress(b"one ") + SKIPPABLE + zstd.compress(b"two") + SKIPPABLE
    assert decode("zstd", encoded) == b"one two"


@ALL
@pytest.mark.parametrize("junk", [b"\0", b"junk", b"\0" * 70_000, b"\x1f", b"\x1f\x8b", b"\x28\xb5", b"\x50\x2a"])
def test_junk_after_the_last_is_dropped(name, junk):
    encoded = ENCODERS[name](b"body" * 1000)
    assert decode(coding(name), encoded + junk) == b"body" * 1000
    assert decode(coding(name), encoded, junk) == b"body" * 1000


def test_junk_behind_much_brotli_is_dropped():
    data = random.Random(2).randbytes(100_000) + bytes(3_000_000)
    assert decode("br", brotli.compress(data, quality=2) + b"junk" * 5000) == data


@ALL
def test_what_is_cut_off_is_refused(name):
    encoded = ENCODERS[name](random.Random(3).randbytes(300))
    for length in range(1, len(encoded)):
        assert outcome(coding(name), [encoded[:length]]) is CodingError, length


@ALL
def test_no_byte_at_all_is_an_empty_body(name):
    assert decode(coding(name)) == b""


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b"<html>plain</html>", b"\xff" * 100], ids=["html", "ff"])
def test_what_was_never_encoded_is_refused(name, body):
    assert outcome(name, [body]) is CodingError


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_broken_member_behind_a_good_one_is_refused(name):
    good = ENCODERS[name](b"good" * 100)
    assert outcome(name, [good + good[:-3]]) is CodingError
    assert outcome(name, [good + good[:5] + b"\xff" * 30]) is CodingError


def test_a_wrong_checksum_is_refused():
    encoded = bytearray(gzip.compress(b"body"))
    encoded[-5] ^= 1
    assert outcome("gzip", [bytes(encoded)]) is CodingError


@pytest.mark.parametrize(("window_log", "fine"), [(23, True), (24, False), (27, False)])
def test_a_zstd_window_has_at_most_8_mib(window_log, fine):
    parameter = zstd.CompressionParameter
    compressor = zstd.ZstdCompressor(options={parameter.window_log: window_log, parameter.content_size_flag: 0})
    encoded = compressor.compress(bytes(100)) + compressor.flush()
    assert outcome("zstd", [encoded]) == (bytes(100) if fine else CodingError)


@ALL
def test_the_limit_is_exact(name):
    encoded = ENCODERS[name](bytes(100_000))
    assert len(decode(coding(name), encoded, limit=100_000)) == 100_000
    assert outcome(coding(name), [encoded], limit=99_999) is CodingOverflow


@ALL
def test_a_bomb_unfolds_in_small_steps_and_little_memory(name):
    decoder = made(coding(name))
    bomb = ENCODERS[name](bytes(LIMIT + 1))
    total = largest = 0
    tracemalloc.start()
    try:
        with pytest.raises(CodingOverflow):
            for step in decoder.feed(bomb):
                total += len(step)
                largest = max(largest, len(step))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert LIMIT - 2 * STEP <= total <= LIMIT
    assert largest <= 2 * STEP
    assert peak < 20 * STEP


def test_a_bomb_inside_a_bomb_is_stopped_by_the_limit_of_each_stage():
    inner = brotli.compress(gzip.compress(b"") * 400_000, quality=3)
    steps = 0
    decoder = made("gzip, br", 2**20)
    with pytest.raises((CodingOverflow, CodingError)):
        for _ in decoder.feed(inner):
            steps += 1
    assert steps > 16


def test_members_are_counted():
    with pytest.raises(CodingError, match="parts"):
        decode("gzip", gzip.compress(b"", mtime=0) * (MAX_MEMBERS + 1))


@settings(deadline=None)
@given(
    name=st.sampled_from(list(ENCODERS)),
    data=st.binary(max_size=300) | st.integers(0, 200_000).map(bytes),
    tail=st.sampled_from([b"", b"junk", b"\x1f\x8b", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", gzip.compress(b"x")]),
    flip=st.none() | st.integers(0, 10_000),
    sizes=st.lists(st.integers(0, 50), max_size=20),
)
def test_how_a_body_is_cut_into_chunks_never_changes_the_result(name, data, tail, flip, sizes):
    encoded = bytearray(ENCODERS[name](data) + tail)
    if flip is not None:
        encoded[flip % len(encoded)] ^= 0x55
    whole = outcome(coding(name), [bytes(encoded)], limit=150_000)
    assert outcome(coding(name), cut(bytes(encoded), sizes), limit=150_000) == whole
    assert outcome(coding(name), [bytes(encoded[i : i + 1]) for i in range(len(encoded))], limit=150_000) == whole


@settings(deadline=None)
@given(data=st.binary(max_size=1000), encoding=st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br, zstd"]))
def test_any_bytes_give_a_body_or_a_refusal(data, encoding):
    outcome(encoding, [data], limit=10_000)
