"""What is read of files, as other programs wrote them: python-docx, python-pptx, openpyxl, ReportLab, odfpy."""

from pathlib import Path

import pytest

from passfel.household.errors import RequestError
from passfel.memory.chunks import MOST, Chunk, Outline, cut, embedded_text
from passfel.memory.documents_read import KINDS, read

FILES = Path(__file__).parent / "files"


def sections(name: str) -> dict[str, str]:
    path = FILES / name
    return {" › ".join(one.headings): one.text for one in read(path, path.read_bytes()).sections}


def refusal(name: str, raw: bytes) -> str:
    """What is said of a file that can't be read; its name where it can."""
    try:
        read(Path(name), raw)
    except RequestError as error:
        return error.sentence
    return name


def test_a_word_file_has_its_headings_paragraphs_and_tables():
    path = FILES / "boiler.docx"
    assert read(path, path.read_bytes()).title == "Boiler manual"
    assert sections("boiler.docx") == {
        "Troubleshooting › Error 5": "The pressure is too low. Open the filling loop until the gauge shows 1.2 bar."
        "\n\nCode | Meaning\n\nE7 | Ignition failed",
        "Maintenance": "Once a year, by an engineer.",
    }


def test_slides_have_their_titles_tables_and_notes():
    found = sections("trip.pptx")
    assert found["Costs"] == "Train | 4.60\n\nPalace | 14"
    assert found["Summer in Sintra"].endswith("Buy the tickets on the day before")


def test_every_row_of_a_sheet_says_its_columns_and_dates_are_dates():
    assert sections("meters.xlsx") == {
        "Meter readings": "Date: 2026-10-01; Gas m3: 1204.5; Paid: yes\n\n"
        "Date: 2026-11-01 08:30; Gas m3: 1251; Paid: no",
        "Notes": "The meter is in the cellar",
    }


def test_a_pdf_has_its_bookmarks_as_headings_and_its_pages():
    path = FILES / "insurance.pdf"
    reading = read(path, path.read_bytes())
    assert reading.title == "Home insurance"
    assert [(one.headings, one.page) for one in reading.sections] == [
        (("What is covered",), 1),
        (("What is covered", "Storm"), 1),
        (("Making a claim",), 2),
    ]
    assert reading.sections[0].text == "Fire, lightning and burst pipes.\nBicycles up to 1,500 euros."


def test_an_opendocument_text_has_its_headings_and_tables():
    assert sections("lease.odt") == {
        "Lease › Notice": "120 days for the tenant.",
        "Lease › Notice › Rent": "2026 | 1,120 euros",
    }


def test_a_web_page_is_read_without_its_menus_and_scripts():
    assert sections("page.html") == {
        "Compost": "Two parts brown, one part green.",
        "Compost › What does not belong": "Cooked food\n\nCitrus peel & bones\n\nMonth | Work\n\nMarch | Turn it over",
    }


def test_a_letter_is_read_with_what_is_attached():
    found = sections("letter.eml")
    subject = "Class trip to Sintra – what to bring"
    assert found[subject].startswith("From: Teresa Brito <teresa@escola.example>")
    assert "a raincoat and 5 euros" in found[subject]
    assert found[f"{subject} › trip.pptx › Costs"] == "Train | 4.60\n\nPalace | 14"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Grüße aus Évora".encode(), "Grüße aus Évora"),
        ("Grüße aus Évora".encode("utf-16"), "Grüße aus Évora"),
        ("Grüße aus Évora".encode("cp1252"), "Grüße aus Évora"),
        (b"\xef\xbb\xbfplain", "plain"),
    ],
)
def test_text_is_read_in_any_encoding(raw: bytes, text: str):
    assert read(Path("greeting.txt"), raw).sections[0].text == text


def test_markdown_has_its_headings_and_code_is_no_heading():
    raw = b"---\ntitle: The house\n---\nUnder\n=====\nText.\n\n## Two ##\n```\n# no heading\n```\nMore\n"
    reading = read(Path("house.md"), raw)
    assert reading.title == "The house"
    assert [one.headings for one in reading.sections] == [("Under",), ("Under", "Two")]
    assert "# no heading" in reading.sections[1].text


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("locked.pdf", None, "needs a password"),
        ("scan.pdf", None, "pictures of pages and no text"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<<", "damaged"),
        ("cut.docx", b"PK\x03\x04 and then nothing", "damaged"),
        ("other.xlsx", (FILES / "boiler.docx").read_bytes(), "another kind of file"),
        ("locked.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "needs a password"),
        ("empty.txt", b" \n\n ", "no text in it"),
        ("empty.html", b"", "no web page"),
        ("empty.eml", b"", "no e-mail"),
        ("old.doc", b"\xd0\xcf\x11\xe0", "save it as .docx"),
        ("music.mp3", b"ID3", "no files that end with .mp3"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_name(name: str, raw: bytes | None, why: str):
    with pytest.raises(RequestError, match=why) as told:
        read(Path(name), (FILES / name).read_bytes() if raw is None else raw)
    assert name in told.value.sentence


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.iterdir()))
def test_a_file_cut_or_changed_anywhere_is_read_or_refused_in_words(name: str):
    raw = (FILES / name).read_bytes()
    step = max(1, len(raw) // 25)
    for place in range(0, len(raw), step):
        for damaged in (raw[:place], raw[:place] + b"\xff\x00<>" + raw[place + 4 :]):
            assert name in refusal(name, damaged)


def test_every_kind_of_file_has_a_reader_that_refuses_nonsense_in_words():
    for ending in sorted(KINDS):
        assert f"nonsense{ending}" in refusal(f"nonsense{ending}", bytes(range(256)) * 4)


def test_a_bomb_of_xml_is_refused(tmp_path: Path):
    from io import BytesIO
    from zipfile import ZIP_DEFLATED, ZipFile

    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (65 << 20))
    with pytest.raises(RequestError, match="too large"):
        read(tmp_path / "bomb.docx", packed.getvalue())


def test_an_outside_entity_is_not_looked_up(tmp_path: Path):
    from io import BytesIO
    from zipfile import ZipFile

    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    body = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]><w:document xmlns:w='
    body += '"http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    body += "<w:p><w:t>told: &x;</w:t></w:p></w:document>"
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", body)
    assert "secret" not in read(tmp_path / "letter.docx", packed.getvalue()).sections[0].text


def test_chunks_hold_whole_sentences_and_never_too_much():
    outline = Outline()
    outline.heading(1, "Long")
    outline.paragraph(" ".join(f"This is sentence number {number}." for number in range(200)))
    outline.paragraph("short")
    outline.heading(2, "Other")
    outline.paragraph("x" * 5000)
    chunks = cut(outline.reading("Title"))
    assert all(len(chunk.text) <= MOST for chunk in chunks)
    told = [chunk for chunk in chunks if chunk.heading == "Long"]
    assert all(chunk.text.startswith("This") and chunk.text.endswith((".", "short")) for chunk in told)
    assert sum(len(chunk.text) for chunk in chunks if chunk.heading == "Long › Other") == 5000


def test_what_is_embedded_says_where_it_stands():
    assert embedded_text("Boiler", Chunk("Errors › E5", "Low.")) == "Boiler › Errors › E5\nLow."
    assert embedded_text("Boiler", Chunk("", "Low.")) == "Boiler\nLow."
