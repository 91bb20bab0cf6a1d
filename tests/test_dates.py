"""When a picture was taken: which source wins, which dates are none, and how far the clock is from UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from phototag.read.dates import at_place, capture_moment, date_in_name, stated
from phototag.records import Gps, Moment

BERLIN = Gps(52.52, 13.405)
MTIME = 1_600_000_000_123_456_789  # 2020-09-13 12:26:40 UTC
TAKEN = datetime(2024, 8, 10, 13, 25, 32)


def moment(tags: dict[str, Any], name: str = "a.jpg", kind: str = "jpeg", gps: Gps | None = None) -> Moment:
    return capture_moment(tags, name=name, mtime_ns=MTIME, kind=kind, gps=gps)


def day(number: int) -> str:
    return f"2024:08:{number:02} 13:25:32"


# ---- which source

SOURCES = [
    ("ExifIFD:DateTimeOriginal", "exif"),
    ("ExifIFD:CreateDate", "exif"),
    ("XMP-exif:DateTimeOriginal", "xmp"),
    ("XMP-photoshop:DateCreated", "xmp"),
    ("XMP-xmp:CreateDate", "xmp"),
    ("IPTC:DateCreated", "iptc"),
    ("Keys:CreationDate", "quicktime"),
    ("QuickTime:CreateDate", "quicktime"),
    ("PNG:CreationTime", "exif"),
    ("Composite:GPSDateTime", "gps"),
    ("IFD0:ModifyDate", "exif"),
]


@pytest.mark.parametrize("first", range(len(SOURCES)))
def test_the_first_source_that_has_a_date_is_believed(first: int) -> None:
    tags = {key: day(number) for number, (key, _) in enumerate(SOURCES, 1)}
    if "IPTC:DateCreated" in tags:
        tags["IPTC:DateCreated"], tags["IPTC:TimeCreated"] = tags["IPTC:DateCreated"].split()
    for key, _ in SOURCES[:first]:
        tags[key] = "0000:00:00 00:00:00"
    found = moment(tags)
    assert (found.local.day, found.source) == (first + 1, SOURCES[first][1])
    assert found.local.replace(day=10) == TAKEN


def test_then_the_name_then_the_modification_time() -> None:
    assert moment({}, name="IMG_20240810_132532.jpg") == Moment(TAKEN, None, None, "name")
    assert moment({}) == Moment(datetime(2020, 9, 13, 12, 26, 40, 123456), 0, None, "modified")
    assert moment({}, gps=BERLIN) == moment({}), "where it was modified nobody knows"


@pytest.mark.parametrize("mtime", [0, -1, 1, 2**53, -(10**18)])
def test_any_modification_time_is_a_date(mtime: int) -> None:
    found = capture_moment({}, name="a", mtime_ns=mtime, kind="jpeg", gps=None)
    assert abs(found.local - datetime(1970, 1, 1) - timedelta(seconds=mtime / 1e9)) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "impossible",
    [
        *("0000:00:00 00:00:00", "    :  :     :  :  ", "", "2024:13:10 13:25:32", "2024:02:30 10:00:00", "garbage"),
        *("2024:00:10 13:25:32", "2024:08:10 24:25:32", "2024:08:10 13:61:32", "1825:08:10 13:25:32", "9999:01:01"),
    ],
)
def test_an_impossible_date_is_none(impossible: str) -> None:
    assert stated(impossible) is None
    tags = {"ExifIFD:DateTimeOriginal": impossible, "XMP-xmp:CreateDate": "2024:08:10 13:25:32"}
    assert moment(tags) == Moment(TAKEN, None, None, "xmp")


@pytest.mark.parametrize(
    ("text", "local", "offset"),
    [
        ("2024:08:10 13:25:32", TAKEN, None),
        ("2024-08-10T13:25:32+02:00", TAKEN, 120),
        ("2024:08:10 13:25:32.5-04:30", TAKEN.replace(microsecond=500_000), -270),
        ("2024:08:10 13:25:32.123456789Z", TAKEN.replace(microsecond=123_456), 0),
        ("2024:08:10 13:25+0200", TAKEN.replace(second=0), 120),
        ("2024/08/10 13:25:32\0\0", TAKEN, None),
        ("2024:08:10 01:25:32 PM", TAKEN, None),
        ("2024:08:10 13:25:60", TAKEN.replace(second=59), None),
        ("1839:08:19 13:25:32", TAKEN.replace(year=1839, day=19), None),
        ("2024:08:10", datetime(2024, 8, 10, 12), None),
        ("2024:08", datetime(2024, 8, 1, 12), None),
        ("1965", datetime(1965, 1, 1, 12), None),
    ],
)
def test_the_ways_to_write_a_date(text: str, local: datetime, offset: int | None) -> None:
    assert stated(text) == (local, offset)


@settings(deadline=None)
@given(st.text() | st.none() | st.lists(st.text()))
@example("٢٠٢٤:٠٨:١٠")
def test_no_text_is_too_strange_to_be_read(text: Any) -> None:
    found = stated(text)
    assert found is None or found[0].year >= 1826


def test_the_future_is_no_date() -> None:
    ahead = datetime.now(UTC) + timedelta(days=3)
    assert stated(ahead.strftime("%Y:%m:%d %H:%M:%S")) is None
    assert date_in_name(ahead.strftime("IMG_%Y%m%d_%H%M%S.jpg")) is None


def test_a_day_in_the_far_west_may_still_be_tomorrow_in_the_east() -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=14)).replace(microsecond=0, tzinfo=None)
    assert stated(ahead.strftime("%Y:%m:%d %H:%M:%S")) == (ahead, None)


# ---- fractions and offsets


def test_fraction_and_offset_come_from_the_tags_beside_the_date() -> None:
    tags = {
        "ExifIFD:DateTimeOriginal": day(10),
        "ExifIFD:SubSecTimeOriginal": "042 ",
        "ExifIFD:OffsetTimeOriginal": "+01:00",
        "ExifIFD:OffsetTime": "+02:00",
        "IFD0:ModifyDate": day(11),
    }
    assert moment(tags) == Moment(TAKEN.replace(microsecond=42_000), 60, None, "exif")


def test_an_offset_also_speaks_for_another_tag_with_the_same_time() -> None:
    tags = {"ExifIFD:DateTimeOriginal": day(10), "IFD0:ModifyDate": day(10), "ExifIFD:OffsetTime": "+02:00"}
    assert moment(tags).offset == 120
    tags["IFD0:ModifyDate"] = day(12)  # edited later, perhaps in another country
    assert moment(tags).offset is None


@pytest.mark.parametrize("odd", ["   :  ", "+25:00", "none", "+1", ""])
def test_an_odd_offset_is_none(odd: str) -> None:
    assert moment({"ExifIFD:DateTimeOriginal": day(10), "ExifIFD:OffsetTimeOriginal": odd}).offset is None


@pytest.mark.parametrize(
    ("utc", "offset"),
    [
        ("2024:08:10 11:25:30Z", 120),
        ("2024:08:10 13:24:02Z", 0),
        ("2024:08:10 07:40:32Z", 345),  # Nepal
        ("2024:08:09 23:25:32Z", 840),
        ("2024:08:11 01:25:32Z", -720),
        ("2024:08:10 11:23:00Z", 120),
        ("2024:08:10 11:20:30Z", None),
        ("2024:08:10 11:15:00Z", None),  # an old fix: no zone is 2 h 10 min from UTC
        ("2024:08:10 12:10:32Z", None),  # nor 1 h 15 min
        ("2024:08:01 11:25:32Z", None),
    ],
)
def test_gps_time_tells_the_offset_of_the_clock(utc: str, offset: int | None) -> None:
    assert moment({"ExifIFD:DateTimeOriginal": day(10), "Composite:GPSDateTime": utc}).offset == offset


def test_the_camera_knows_better_than_gps_time_and_gps_time_better_than_the_zone() -> None:
    tags = {"ExifIFD:DateTimeOriginal": day(10), "Composite:GPSDateTime": "2024:08:10 12:25:32Z"}
    assert moment(tags, gps=BERLIN) == Moment(TAKEN, 60, "Europe/Berlin", "exif")
    tags["ExifIFD:OffsetTimeOriginal"] = "-05:00"
    assert moment(tags, gps=BERLIN) == Moment(TAKEN, -300, "Europe/Berlin", "exif")


@pytest.mark.parametrize(
    ("local", "offset"),
    [
        ("2024:08:10 13:25:32", 120),
        ("2024:01:10 13:25:32", 60),
        ("2024:03:31 02:30:00", 60),  # does not exist: the clock had not been put forward yet
        ("2024:10:27 02:30:00", 120),  # exists twice: the first one
    ],
)
def test_the_zone_at_the_point_tells_the_offset(local: str, offset: int) -> None:
    found = moment({"ExifIFD:DateTimeOriginal": local}, gps=BERLIN)
    assert (found.offset, found.zone) == (offset, "Europe/Berlin")
    assert found.local == stated(local)[0]  # type: ignore[index]


def test_without_any_of_them_the_offset_is_unknown() -> None:
    assert moment({"ExifIFD:DateTimeOriginal": day(10)}) == Moment(TAKEN, None, None, "exif")


@settings(deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180))
@example(90.0, 180.0)
@example(-90.0, -180.0)
def test_every_point_of_the_globe_has_an_answer(lat: float, lon: float) -> None:
    found = at_place(Moment(TAKEN, None, None, "exif"), Gps(lat, lon))
    assert found.local == TAKEN and (found.offset is None or -12 * 60 <= found.offset <= 14 * 60)


def test_iptc_writes_an_offset_even_if_it_knows_none() -> None:
    tags = {"IPTC:DateCreated": "2024:08:10", "IPTC:TimeCreated": "13:25:32+00:00"}
    assert moment(tags) == Moment(TAKEN, None, None, "iptc")
    tags["IPTC:TimeCreated"] = "13:25:32-04:00"
    assert moment(tags) == Moment(TAKEN, -240, None, "iptc")
    del tags["IPTC:TimeCreated"]
    assert moment(tags).local == datetime(2024, 8, 10, 12)


# ---- videos


def test_a_video_counts_in_utc() -> None:
    tags = {"QuickTime:CreateDate": "2024:08:10 11:25:32"}
    assert moment(tags, kind="mov") == Moment(TAKEN.replace(hour=11), 0, None, "quicktime")
    assert moment(tags, kind="mov", gps=BERLIN) == Moment(TAKEN, 120, "Europe/Berlin", "quicktime")


def test_a_video_that_states_its_zone_is_believed() -> None:
    tags = {"QuickTime:CreateDate": "2024:08:10 11:25:32", "Keys:CreationDate": "2024:08:10 13:25:32+02:00"}
    assert moment(tags, kind="mov") == Moment(TAKEN, 120, None, "quicktime")


def test_the_name_of_a_video_tells_how_far_its_clock_was_from_utc() -> None:
    tags = {"QuickTime:CreateDate": "2024:08:10 11:25:40"}
    assert moment(tags, "20240810_132532.mp4", "mp4").offset == 120
    assert moment(tags, "20240810_132532.mp4", "mp4").local == TAKEN.replace(second=40)
    assert moment(tags, "PXL_20240810_112532123.mp4", "mp4").offset == 0
    assert moment(tags, "20190101_000000.mp4", "mp4").offset == 0, "another name says nothing"


@pytest.mark.parametrize("key", ["RIFF:DateTimeOriginal", "Matroska:DateTimeOriginal", "H264:DateTimeOriginal"])
def test_other_containers_have_dates_under_names_of_their_own(key: str) -> None:
    assert moment({key: day(10)}, kind="avi") == Moment(TAKEN, None, None, "quicktime")


def test_a_gps_time_alone_is_a_date() -> None:
    tags = {"Composite:GPSDateTime": "2024:08:10 11:25:32.5Z"}
    assert moment(tags) == Moment(TAKEN.replace(hour=11, microsecond=500_000), 0, None, "gps")
    assert moment(tags, gps=BERLIN) == Moment(TAKEN.replace(microsecond=500_000), 120, "Europe/Berlin", "gps")


# ---- names

NOON = datetime(2024, 8, 10, 12)


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("IMG_20240810_132532.jpg", TAKEN),
        ("IMG_20240810_132532.123.jpg", TAKEN.replace(microsecond=123_000)),
        ("IMG20240810132532.jpg", TAKEN),
        ("IMG_20240810_132532_HDR.jpg", TAKEN),
        ("IMG_20240810_132532_1.jpg", TAKEN),
        ("VID_20240810_132532.mp4", TAKEN),
        ("MVIMG_20240810_132532.jpg", TAKEN),
        ("00100lPORTRAIT_00100_BURST20240810132532123_COVER.jpg", TAKEN.replace(microsecond=123_000)),
        ("20240810_132532.jpg", TAKEN),
        ("20240810_132532(0).jpg", TAKEN),
        ("2024-08-10 13.25.32.jpg", TAKEN),
        ("2024-08-10 13.25.32-2.jpg", TAKEN),
        ("2024-08-10_13-25-32.jpg", TAKEN),
        ("2024-08-10T13:25:32.heic", TAKEN),
        ("WhatsApp Image 2024-08-10 at 13.25.32.jpeg", TAKEN),
        ("WhatsApp Image 2024-08-10 at 13.25.32 (1).jpeg", TAKEN),
        ("Screenshot_2024-08-10-13-25-32.png", TAKEN),
        ("Screenshot_2024-08-10-13-25-32-123_com.app.png", TAKEN.replace(microsecond=123_000)),
        ("Screenshot_20240810-132532_Maps.jpg", TAKEN),
        ("Screenshot 2024-08-10 at 13.25.32.png", TAKEN),
        ("Screenshot 2024-08-10 at 1.25.32 PM.png", TAKEN),
        ("Screenshot 2024-08-10 at 1.25.32\u202fPM.png", TAKEN),
        ("Screenshot 2024-08-10 at 12.25.32 AM.png", TAKEN.replace(hour=0)),
        ("Screenshot 2024-08-10 132532.png", TAKEN),
        ("signal-2024-08-10-132532.jpg", TAKEN),
        ("signal-2024-08-10-132532_002.jpeg", TAKEN),
        ("signal-2024-08-10-13-25-32-123.jpg", TAKEN.replace(microsecond=123_000)),
        ("IMG-20240810-WA0007.jpg", NOON),
        ("VID-20240810-WA0001.mp4", NOON),
        ("2024-08-10 Wedding.jpg", NOON),
        ("20240810.jpg", NOON),
        ("20240810_0012.jpg", NOON),
        ("IMG_20240810_256099.jpg", NOON),  # a counter behind the day
        ("99999999_20240810_132532.jpg", TAKEN),
        ("20249999_999999 20240810_132532.jpg", TAKEN),
    ],
)
def test_names_with_a_date(name: str, local: datetime) -> None:
    assert date_in_name(name) == Moment(local, None, None, "name")


def test_names_that_count_in_utc() -> None:
    assert date_in_name("PXL_20240810_132532123.jpg") == Moment(TAKEN.replace(microsecond=123_000), 0, None, "name")
    assert date_in_name("PXL_20240810_132532123.MP.jpg") == date_in_name("PXL_20240810_132532123.jpg")
    milliseconds = int(TAKEN.replace(tzinfo=UTC).timestamp() * 1000) + 123
    assert date_in_name(f"{milliseconds}.jpg") == Moment(TAKEN.replace(microsecond=123_000), 0, None, "name")
    assert date_in_name(f"FB_IMG_{milliseconds}.jpg") == date_in_name(f"{milliseconds}.jpg")
    at_home = moment({}, "PXL_20240810_112532123.jpg", gps=BERLIN)
    assert (at_home.local, at_home.offset, at_home.zone) == (TAKEN.replace(microsecond=123_000), 120, "Europe/Berlin")


@pytest.mark.parametrize(
    "name",
    [
        *("DSC_0001.jpg", "IMG_1234.jpg", "DSC00042.ARW", "_MG_2024.CR2", "P1010203.jpg", "000000121647.jpg"),
        *("IMG_20241310_132532.jpg", "IMG_20240230_132532.jpg", "20249999.jpg"),
        *("18991231_120000.jpg", "20991231_120000.jpg", "1234567890.jpg", "12345678901234567890.jpg", "2024.jpg"),
        *("9999999999999.jpg", "1999999999999.jpg", "a20240810b.jpg", "id-120240810.jpg", "3840x2160.jpg", ""),
        *("138d3b9e0d9fbf641b8135981e597c3a.jpg", "192.168.20.24.jpg", "٢٠٢٤٠٨١٠_١٣٢٥٣٢.jpg"),
    ],
)
def test_numbers_that_are_no_date(name: str) -> None:
    assert date_in_name(name) is None


DIGITS = st.text("0123456789-_ .:T", max_size=30)


@settings(deadline=None)
@given(st.text(max_size=60) | DIGITS | st.from_regex(r"(IMG|PXL)?[-_]?(19|20)\d{6}[-_. ]?\d{0,9}\.jpg", fullmatch=True))
def test_no_name_is_too_strange(name: str) -> None:
    found = date_in_name(name)
    assert found is None or (found.local.year >= 1900 and found.source == "name")


@settings(deadline=None)
@given(st.datetimes(datetime(1900, 1, 1), datetime(2026, 1, 1)))
def test_every_date_in_a_name_is_found_again(local: datetime) -> None:
    local = local.replace(microsecond=0)
    for pattern in ("IMG_%Y%m%d_%H%M%S.jpg", "%Y-%m-%d %H.%M.%S.jpg", "signal-%Y-%m-%d-%H%M%S.jpg"):
        assert date_in_name(local.strftime(pattern)) == Moment(local, None, None, "name")
