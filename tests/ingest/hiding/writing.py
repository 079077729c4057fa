"""Plain texts written in every format, and texts of many scripts that have to come through whole."""

from __future__ import annotations

import csv
import email.message
import email.policy
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape

from tests.ingest.samples import archive, saved, sheet

# Each as people write it: with what shapes its letters, and nothing that they do not see.
TEXTS: Mapping[str, str] = {
    "emoji": "Hola 👋🏽 de 👨‍👩‍👧‍👦 y 👩🏿‍💻, 🏳️‍🌈 🏴‍☠️ ❤️‍🔥 ☎️ ☀︎ 1️⃣ 👁️‍🗨️ 🧑🏻‍🤝‍🧑🏿 en 🇪🇸 🇮🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿.",
    "Arabic": "السَّلامُ عَلَيْكُمْ وَرَحْمَةُ اللهِ وَبَرَكاتُهُ، هٰذا نَصٌّ ١٢٣.",
    "Hebrew": "שָׁלוֹם עֲלֵיכֶם, בְּרֵאשִׁית בָּרָא ״אֱלֹהִים״.",
    "Persian": "می‌خواهم کتاب‌های خانه‌مان را بخوانم؛ ه‍.ش. ۱۴۰۲.",
    "Hindi": "क्षेत्र में ज्ञान: क्‍ष, र्‍य, श्री, हिन्दी की पढ़ाई।",
    "Bengali": "র‍্যাম ক্‌ষ বাংলা ভাষা।",
    "Tamil": "தமிழ் ஸ்ரீ க்ஷ மொழி.",
    "Sinhala": "ශ්‍රී ලංකාව.",
    "Malayalam": "അവൻ പറഞ്ഞു ന്‍ ല്‍ കണ്ടു.",
    "Khmer": "ភាសាខ្មែរ។",
    "Burmese": "မြန်မာဘာသာစကား။",
    "Thai": "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
    "Japanese": "日本語のテスト、カタカナ。葛飾区",
    "Chinese": "中文測試，標點符號。",
    "Korean": "한국어 시험 각",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌ ᠠᠴᠠ᠎ᠠ",
    "Spanish": "El año pasado, ¿cuántos días? — «Veintitrés», dijo Íñigo.",
    "Spanish in two characters a letter": "cafe\u0301 an\u0303o pingu\u0308ino",
    "Vietnamese": "Tiếng Việt có dấu: ngữ nghĩa.",
    "Greek": "Ελληνικά με πνεύματα: ᾧ.",
    "Russian": "Отпуск согласуется заранее.",
    "signs": "∑ x² ≥ ∞ ± ½ № ™ © → ⌘",
}
# What people never see of such texts.
HYPHENATED = {
    "Donau\u00addampf\u00adschiff": "Donaudampfschiff",
    "extra\u00adordinaria\u00admente": "extraordinariamente",
}


def _page(texts: Sequence[str]) -> str:
    body = "".join(f"<p>{escape(text)}</p>" for text in texts)
    head = "<meta charset='utf-8'><style>p { color: #222 }</style>"
    return f"<html><head>{head}</head><body>{body}</body></html>"


def _mail(texts: Sequence[str], *, page: bool) -> bytes:
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["Subject"] = "Ana <ana@acme.example>", "News"
    if page:
        mail.set_content(_page(texts), subtype="html", cte="base64")
    else:
        mail.set_content("\n\n".join(texts), cte="base64")
    return bytes(mail)


def _docx(texts: Sequence[str]) -> bytes:
    import docx

    file = docx.Document()
    for text in texts:
        file.add_paragraph(text)
    return saved(file)


def _pptx(texts: Sequence[str]) -> bytes:
    import pptx
    from pptx.util import Inches

    file = pptx.Presentation()
    for text in texts:
        shapes = file.slides.add_slide(file.slide_layouts[6]).shapes
        shapes.add_textbox(*[Inches(1)] * 2, Inches(6), Inches(2)).text_frame.text = text
    return saved(file)


def _csv(texts: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("number", "text"), *enumerate(texts)])
    return text.getvalue().encode()


def _rtf(texts: Sequence[str]) -> bytes:
    """Letters beyond ASCII by their numbers, each with a stand-in behind it, as Word writes them."""
    parts = []
    for text in texts:
        halves = text.encode("utf-16-le")
        units = [int.from_bytes(halves[place : place + 2], "little") for place in range(0, len(halves), 2)]
        letters = (chr(unit) if unit < 128 else f"\\u{unit - 65536 * (unit > 32767)}?" for unit in units)
        parts.append("".join(letters))
    return ("{\\rtf1\\ansi\\uc1 " + "\\par ".join(parts) + "}").encode("ascii")


def _odt(texts: Sequence[str]) -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(f"<t:p>{escape(text)}</t:p>" for text in texts)
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<o:document-content xmlns:o='{names}:office:1.0' xmlns:t='{names}:text:1.0'>"
            f"<o:body><o:text>{body}</o:text></o:body></o:document-content>",
            "styles.xml": f"<o:document-styles xmlns:o='{names}:office:1.0'><o:styles/></o:document-styles>",
            "META-INF/manifest.xml": f"<m:manifest xmlns:m='{names}:manifest:1.0'/>",
        }
    )


def _book(texts: Sequence[str]) -> bytes:
    from tests.ingest.hiding.pages import book

    return book(_page(texts))


WRITERS: Mapping[str, Callable[[Sequence[str]], bytes]] = {
    "txt": lambda texts: "\n\n".join(texts).encode(),
    "md": lambda texts: "\n\n".join(texts).encode(),
    "html": lambda texts: _page(texts).encode(),
    "eml": lambda texts: _mail(texts, page=True),
    "plain.eml": lambda texts: _mail(texts, page=False),
    "csv": _csv,
    "xml": lambda texts: f"<r>{''.join(f'<p>{escape(text)}</p>' for text in texts)}</r>".encode(),
    "docx": _docx,
    "pptx": _pptx,
    "xlsx": lambda texts: sheet([("number", "text"), *enumerate(texts)]),
    "odt": _odt,
    "rtf": _rtf,
    "epub": _book,
}
"""By the ending of a file's name: a file of some paragraphs."""
