"""Why an order was cancelled, and by whom: one code for the many spellings that marketplaces use.

The spellings are those of Shopee (its open platform's lists, and seller exports in Indonesian and English), Tokopedia,
TikTok Shop and Lazada. They change from year to year, so that a reason is recognised by its words, not as a whole.
"""

import re
from typing import Final, NamedTuple

BUYER: Final = "buyer"
SELLER: Final = "seller"
SYSTEM: Final = "system"
UNKNOWN: Final = "unknown"
ACTORS: Final = (BUYER, SELLER, SYSTEM, UNKNOWN)

UNRECOGNISED: Final = "unrecognised"
UNSTATED: Final = "unstated"


class Reason(NamedTuple):
    """What the text of a cancellation means."""

    reason: str
    """A code, with a label under ``[reason]`` of the words."""
    actor: str
    """One of ``ACTORS``: as the text says; else who alone can have such a reason; else unknown."""


class _Rule(NamedTuple):
    reason: str
    actor: str
    pattern: re.Pattern[str]


def _rule(reason: str, actor: str, *patterns: str) -> _Rule:
    return _Rule(reason, actor, re.compile(r"\b(?:" + "|".join(patterns) + ")"))


# The first that fits wins: what is specific stands before what is general ("change address" before "change order",
# "others / change of mind" before "others").
#
# "No longer wanted" is one reason with "changed mind": marketplaces offer either wording for the same thing (Shopee's
# older form has "others / change of mind", its newer one "don't want to buy anymore"), and a seller can do the same
# about both.
_RULES: Final = (
    _rule(
        "change_order",
        BUYER,
        r"modif\w+ (?:the )?existing order",
        r"ubah pesanan yang ada",
    ),
    _rule(
        "duplicate_order",
        BUYER,
        "duplicat",
        "double order",
        "pesanan ganda",
        "pesanan dobel",
        "pesanan duplikat",
    ),
    _rule(
        "change_address",
        BUYER,
        r"(?:chang|edit|modif|wrong|incorrect|updat)\w*(?: \w+){0,3} address",
        r"shipping address",
        r"address (?:is )?(?:wrong|incorrect)",
        r"(?:ubah|mengubah|ganti|mengganti|salah|perubahan)(?: \w+){0,3} alamat",
        r"alamat(?: \w+){0,2} (?:salah|tidak lengkap|keliru)",
    ),
    _rule(
        "change_voucher",
        BUYER,
        r"voucher",
        r"(?:promo|coupon|discount) code",
        r"kode (?:promo|voucher|kupon|diskon)",
        r"kupon",
    ),
    _rule(
        "change_payment",
        BUYER,
        r"(?:chang|modif)\w*(?: \w+){0,2} payment",
        r"(?:ubah|mengubah|ganti|mengganti)(?: \w+){0,2} pembayaran",
    ),
    _rule(
        "payment_difficult",
        BUYER,
        r"payment (?:procedure|process|method)?(?: \w+){0,3} ?(?:troublesome|difficult|complicated)",
        r"(?:proses )?pembayaran(?: \w+){0,2} (?:sulit|rumit|ribet|bermasalah)",
        r"(?:problem|issue|kendala|masalah)\w*(?: \w+){0,2} (?:payment|pembayaran)",
    ),
    _rule(
        "payment_failed",
        SYSTEM,
        r"(?:unsuccessful|rejected|failed)(?: \w+){0,3} payment",
        r"payment (?:was )?(?:failed|rejected|declined)",
        r"pembayaran(?: \w+){0,2} (?:gagal|ditolak)",
        r"gagal (?:bayar|membayar)",
        r"underpaid",
    ),
    _rule(
        "unpaid",
        SYSTEM,
        r"unpaid",
        r"unable to pay",
        r"not (?:been )?paid",
        r"non ?payment",
        r"payment (?:is )?(?:overdue|timeout|time out|expired|not received)",
        r"(?:did not|didn t|failed to|forgot to) pay",
        r"(?:belum|tidak|tak)(?: \w+){0,2} (?:dibayar|bayar|membayar|lunas|pembayaran)\b",
        r"(?:batas )?waktu pembayaran",
        r"pembayaran(?: \w+){0,3} (?:kedaluwarsa|kadaluarsa|habis|lewat|terlambat)",
    ),
    _rule(
        "found_cheaper",
        BUYER,
        r"cheaper",
        r"(?:better|lower) (?:price|deal)",
        r"lebih murah",
        r"harga(?: \w+){0,2} lebih (?:baik|rendah|bagus)",
    ),
    _rule(
        "seller_unresponsive",
        BUYER,
        r"seller(?: \w+){0,3} (?:un|not |non ?|isn t )respons",
        r"(?:seller|penjual)(?: \w+){0,2} (?:inactive|tidak aktif)",
        r"inactive seller",
        r"(?:seller|they) (?:did not|didn t|does not|doesn t) (?:respond|reply)",
        r"penjual (?:tidak|kurang|tak|belum|lambat)(?: \w+)? ?(?:respons|merespon|membalas|menanggapi|balas)",
    ),
    _rule(
        "seller_asked",
        BUYER,
        r"(?:seller|penjual)(?: \w+){0,2} (?:ask|request|minta|meminta)",
        r"(?:permintaan|diminta|atas permintaan)(?: oleh)? penjual",
    ),
    _rule(
        "out_of_stock",
        SELLER,
        r"out of stock",
        r"(?:no|insufficient|lack of) stock",
        r"sold out",
        r"stock(?: \w+){0,2} (?:unavailable|empty|not available)",
        r"sourcing (?:delay|problem)",
        r"(?:item|product|stock)(?: \w+){0,2} (?:not available|unavailable)",
        r"(?:produk|barang|stok|stock)(?: \w+){0,2} (?:habis|kosong|tidak tersedia)",
        r"kehabisan stok",
    ),
    _rule(
        "wrong_price",
        SELLER,
        r"(?:wrong|incorrect)(?: \w+)? ?pric",
        r"pric\w+ error",
        r"(?:salah|kesalahan)(?: \w+){0,2} harga",
        r"harga(?: \w+)? (?:salah|keliru)",
    ),
    _rule(
        "seller_mistrusted",
        BUYER,
        r"(?:seller|penjual)(?: \w+){0,2} (?:untrustworthy|not trustworthy|mencurigakan)",
        r"penjual tidak (?:bisa |dapat )?(?:dipercaya|tepercaya)",
        r"bad review",
        r"(?:ulasan|review|penilaian)(?: \w+){0,2} (?:buruk|jelek)",
    ),
    _rule(
        "cod_rejected",
        BUYER,
        r"cod (?:reject|refus|ditolak)",
        r"(?:refus|reject)\w* (?:the |to accept )?(?:parcel|package|delivery|cod)",
        r"(?:pembeli|penerima) menolak",
        r"paket ditolak",
    ),
    _rule(
        "lost_in_transit",
        SYSTEM,
        r"(?:parcel|package|order|item|shipment)(?: \w+){0,3} lost",
        r"lost (?:parcel|package|in transit)",
        r"damaged in transit",
        r"(?:paket|pesanan|barang|kiriman)(?: \w+){0,2} (?:hilang|rusak)",
    ),
    _rule(
        "seller_late_to_ship",
        SYSTEM,
        r"seller (?:did not|didn t|failed to|fail to|has not|does not)(?: \w+){0,3} (?:ship|arrang|deliver|send)",
        r"seller (?:did not|didn t|failed to|fail to|has not|does not)(?: \w+){0,3} (?:process|pack|accept|confirm)",
        r"(?:late|failed to) ship",
        r"ship\w*(?: \w+){0,2} (?:overdue|timeout|late|sla)",
        r"penjual (?:gagal|tidak|belum|terlambat|telat|lambat)(?: \w+){0,2} (?:kirim|mengirim|mengatur|memproses)",
        r"penjual (?:gagal|tidak|belum|terlambat|telat|lambat)(?: \w+){0,2} (?:menyiapkan|menerima|mengonfirmasi)",
        r"(?:melewati|melebihi|lewat)(?: \w+){0,2} batas(?: \w+)? (?:pengiriman|proses)",
    ),
    _rule(
        "delivery_too_slow",
        BUYER,
        r"(?:delivery|shipping|shipment|seller)(?: \w+){0,3} too long",
        r"too long (?:to |delivery|ship)",
        r"(?:long|slow|late)(?: \w+)? (?:delivery|shipping)",
        r"(?:pengiriman|dikirim|waktu)(?: \w+){0,4} (?:lama|lambat)\b",
        r"(?:terlalu|kelamaan) ?lama",
    ),
    _rule(
        "area_not_served",
        SELLER,
        r"undeliverable",
        r"(?:area|address|location)(?: \w+){0,3} (?:not (?:covered|served|supported)|unreachable|out of)",
        r"(?:area|alamat|wilayah|lokasi)(?: \w+){0,3} (?:tidak (?:terjangkau|dijangkau|didukung|dilayani)|di luar)",
        r"cod (?:un|not )support",
        r"luar jangkauan",
    ),
    _rule(
        "pickup_failed",
        SYSTEM,
        r"(?:3pl )?pick ?up fail",
        r"failed pick ?up",
        r"logistics? (?:request|issue)",
        r"courier(?: \w+){0,3} (?:not|fail|unavailable|unable|no)\b",
        r"transit warehouse",
        r"(?:kurir|driver)(?: \w+){0,3} (?:tidak|gagal|belum)",
        r"(?:penjemputan|pickup)(?: \w+)? gagal",
        r"gagal (?:pick ?up|dijemput|diambil)",
    ),
    _rule(
        "delivery_failed",
        SYSTEM,
        r"(?:failed|unsuccessful)(?: \w+)? deliver",
        r"delivery (?:was |has )?(?:fail|unsuccess|attempt)",
        r"(?:pengiriman|pengantaran)(?: \w+){0,2} (?:gagal|tidak berhasil)",
        r"gagal (?:kirim|dikirim|terkirim|antar|diantar|pengiriman)",
        r"(?:paket|pesanan)(?: \w+)? gagal dikirim",
    ),
    _rule(
        "shipping_cost",
        BUYER,
        r"(?:shipping|delivery) (?:cost|fee|price)",
        r"fees? shipping",
        r"(?:ongkir|ongkos kirim|biaya (?:kirim|pengiriman))(?: \w+){0,2} (?:mahal|tinggi)",
    ),
    _rule(
        "shop_closed",
        SELLER,
        r"(?:shop|store|seller)(?: \w+){0,2} (?:closed|holiday|vacation)",
        r"(?:toko|penjual)(?: \w+){0,2} (?:tutup|libur|cuti)",
    ),
    _rule(
        "fraud_suspected",
        SYSTEM,
        r"fraud",
        r"suspicious",
        r"(?:kecurangan|penipuan|mencurigakan)",
        r"fake order",
        r"pesanan (?:palsu|fiktif)",
    ),
    _rule(
        "ordered_by_mistake",
        BUYER,
        r"(?:by|order\w*) (?:mistake|accident)",
        r"accidental",
        r"wrong (?:item|product|variant|variation|size|colou?r|quantity)",
        r"(?:salah|tidak sengaja|keliru)(?: \w+)? (?:pesan|memesan|beli|membeli|pilih|memilih|order|klik|checkout)",
        r"salah(?: \w+)? (?:varian|ukuran|warna|produk|barang)",
    ),
    _rule(
        "change_order",
        BUYER,
        r"(?:modif|chang|edit)\w*(?: \w+){0,3} (?:order|item|product|size|colou?r|quantity|variant|variation)",
        r"(?:ubah|mengubah|ganti|mengganti|perubahan)(?: \w+){0,3} (?:pesanan|produk|barang|jumlah|rincian|order)",
        r"(?:ubah|mengubah|ganti|mengganti|perubahan)(?: \w+){0,3} (?:varian|variasi|ukuran|warna)",
        r"(?:buat|membuat) pesanan baru",
        r"new order",
    ),
    _rule(
        "changed_mind",
        BUYER,
        r"chang\w+(?: \w+){0,2} mind",
        r"(?:don t|do not|no longer|not|doesn t)(?: \w+){0,2} (?:want|need|interested)",
        r"(?:need|want)(?: \w+){0,3} anymore",
        r"berubah pikiran",
        r"(?:tidak|tak|ga|gak|nggak|enggak)(?: \w+){0,2} (?:ingin|mau|jadi|berminat)\b",
        r"(?:tidak|tak|ga|gak|nggak|enggak)(?: \w+){0,2} (?:butuh|membutuhkan|dibutuhkan|perlu|diperlukan)\b",
        r"batal beli",
        r"alternative product",
    ),
    _rule(
        "buyer_asked",
        BUYER,
        r"(?:buyer|customer)(?: \w+){0,2} (?:request|ask|want|cancel)",
        r"(?:request|cancel)\w* (?:by|from) (?:buyer|customer)",
        r"(?:permintaan|diminta|atas permintaan)(?: oleh)? pembeli",
        r"pembeli(?: \w+){0,2} (?:meminta|minta|membatalkan|ingin)",
    ),
    _rule(
        "other",
        SYSTEM,
        r"auto cancel",
        r"(?:batal|dibatalkan) otomatis",
    ),
    _rule(
        "other",
        UNKNOWN,
        r"others?\b",
        r"lain ?lain",
        r"(?:alasan )?lainnya",
        r"other reason",
        r"tbc\b",
    ),
)

_BY = re.compile(
    r"^(?:order |pesanan )?(?:was |telah |ini )*(?:dibatalkan|pembatalan|cancell?ed|cancell?ation|batal)\b"
    r"(?P<who>.*?)(?:\b(?:alasan|reason|karena|sebab|because|due to)(?:nya)?\b|$)"
)
_WHO: Final = (
    (SYSTEM, re.compile(r"\b(?:otomatis|automatic\w*|sistem|system|auto|shopee|tokopedia|lazada|tiktok|platform)\b")),
    (BUYER, re.compile(r"\b(?:pembeli|buyer|customer|pelanggan|user)\b")),
    (SELLER, re.compile(r"\b(?:penjual|seller|merchant|toko|shop|admin)\b")),
)


def normalise(text: str) -> str:
    """The words alone: no capitals, punctuation or doubled spaces."""
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())


def read(text: str | None) -> Reason:
    """What the text means: why, and who cancelled.

    "Dibatalkan oleh Pembeli. Alasan: ...", "Cancelled automatically by Shopee's system. Reason: ...", or a bare
    reason. A text that nothing fits is ``unrecognised``; none at all is ``unstated``.
    """
    words = normalise(text or "")
    said = _BY.match(words)
    who = _actor(said["who"]) if said else UNKNOWN
    reason = words[said.end() :].strip() if said else words
    why = reason or (said["who"].strip() if said else "")
    for rule in _RULES:
        if rule.pattern.search(why):
            return Reason(rule.reason, rule.actor if who == UNKNOWN else who)
    silent = not why or (who != UNKNOWN and not reason)
    return Reason(UNSTATED if silent else UNRECOGNISED, who)


def stated(text: str) -> str:
    """The reason alone as it was written, without who cancelled: for a person to see which spellings were united."""
    parts = re.split(r"\b(?:alasan|reason)\s*[:：]\s*", text, maxsplit=1, flags=re.IGNORECASE)
    return " ".join(parts[-1].split())


def codes() -> tuple[str, ...]:
    """Every code there is."""
    return tuple(dict.fromkeys([*(rule.reason for rule in _RULES), UNSTATED, UNRECOGNISED]))


def _actor(words: str) -> str:
    return next((actor for actor, pattern in _WHO if pattern.search(words)), UNKNOWN)
