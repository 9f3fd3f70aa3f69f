"""Columns of leads and their well-known names, what means a missing value, and columns never taken over.

Add here: a well-known name. Keep out: reading records (records.py) and outcomes.
"""

from __future__ import annotations

from segmentation_pipeline.landing.mapping import Role, plain_name

FEATURES = ("state", "industry", "job_title", "education", "age", "experience", "gender", "source")

OTHERS = (
    Role(
        "outcome",
        "the outcome (did the lead convert?)",
        (
            ("issale", "issold", "converted", "isconverted"),
            ("conversion", "outcome", "sale", "sold", "iswon", "won", "satis", "satış"),
        ),
    ),
    Role(
        "lead_id",
        "the lead's id",
        (("leadid", "prospectid"), ("leadnumber", "contactid", "recordid", "crmid", "id", "uuid")),
        is_required=False,
    ),
    Role(
        "lead_date",
        "the day the lead came",
        (("leaddate", "leadcreatedat", "leadcreateddate"), ("createdat", "createddate", "createdate", "date", "tarih")),
        is_required=False,
        is_moment=True,
    ),
)

FEATURE_ALIASES: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "state": (
        "the state",
        (("state", "region", "province", "eyalet"), ("city", "il", "sehir", "şehir"), ("country", "ulke", "ülke")),
    ),
    "industry": ("the industry", (("industry", "sector", "sektor", "sektör"),)),
    "job_title": (
        "the job title",
        (("jobtitle", "title", "position", "unvan", "ünvan"), ("job", "occupation", "role", "meslek")),
    ),
    "education": ("the level of education", (("educationlevel", "education", "egitim", "eğitim", "degree"),)),
    "age": ("the age", (("agerange", "age", "agegroup", "yas", "yaş", "yasaraligi", "yaşaralığı"),)),
    "experience": (
        "the years of experience",
        (("yearsofexperience", "experienceyears", "experience", "deneyim", "tecrube", "tecrübe"),),
    ),
    "gender": ("the gender", (("gender", "sex", "cinsiyet"),)),
    "source": ("the source of the lead", (("leadsource", "source", "channel", "kaynak"), ("utmsource", "campaign"))),
}  # fmt: skip

PERSONAL = frozenset({
    "name", "firstname", "lastname", "middlename", "fullname", "surname", "givenname", "familyname", "contactname",
    "leadname", "email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "mobilephone", "mobilenumber",
    "telephone", "tel", "fax", "address", "streetaddress", "street", "zip", "zipcode", "postalcode", "ip", "ipaddress",
    "birthdate", "dateofbirth", "ssn", "taxid", "linkedin", "linkedinurl", "website", "url", "ad", "isim", "soyad",
    "adsoyad", "adisoyadi", "adısoyadı", "eposta", "telefon", "ceptelefonu", "adres", "tckimlikno", "tckn",
})  # fmt: skip
"""Headers, letters and digits only, of columns that name a person: never taken over, never a feature."""

OLDEST_AGE = 120
LONGEST_EXPERIENCE = 80


def is_personal(header: str) -> bool:
    """Tell whether a column of this name holds what names or reaches a person."""
    return plain_name(header) in PERSONAL
