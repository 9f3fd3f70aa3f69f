"""Contracts of leads: files, leads, what was rejected, groups, personas with their rates, and what speaks for them.

Add here: a column about leads or personas, with unit and allowed values. Keep out: how any of it is computed.
"""

from segmentation_pipeline.landing.readers import MAX_RECORD_CHARS
from segmentation_pipeline.warehouse.contracts import Flag, Integer, Real, Table, Text, Utc, column, dataframe_check

DUPLICATE = "duplicate_lead"
"""The one reason that is no fault: the very same record again; counted as duplicate, not as rejected."""

REASONS = (
    DUPLICATE,
    "conflicting_id",
    "age_out_of_range",
    "experience_out_of_range",
    "future_date",
    "wrong_column_count",
    "overlong_field",
    "invalid_json",
    "unreadable_text",
)
FORMATS = ("csv", "json", "ndjson", "parquet", "unknown")
COMPRESSIONS = ("none", "gzip", "zstd", "unknown")
TIERS = ("PREMIUM", "HIGH", "MEDIUM", "LOW", "MINIMAL", "UNKNOWN")
CONCENTRATIONS = ("High", "Medium", "Low", "Unknown")
SENIORITIES = ("C-Suite", "Senior Management", "Management", "Professional", "Entry-Level", "Mixed Professional")
VERDICTS = ("repeatable", "bands", "no_structure", "insufficient_data")
EXPORTS = ("personas", "clustered", "dashboard", "pca")


class LeadFiles(Table):
    """One row per file ever seen in landing/leads: how it was read and what became of its records."""

    import_id: Text = column("The import: path of the file relative to landing/leads.", min_length=1)
    sha256: Text = column("Hash of the bytes of the file.", min_length=64)
    byte_count: Integer = column("Size of the file.", unit="bytes", ge=0)
    format: Text = column("How the records are written.", isin=FORMATS)
    compression: Text = column("How the file is compressed.", isin=COMPRESSIONS)
    encoding: Text = column("How its text is encoded.", min_length=1)
    delimiter: Text = column("What separates the fields of a CSV.", nullable=True, min_length=1)
    status: Text = column("Whether the file could be read as a whole.", isin=["loaded", "error"])
    error: Text = column("Why it could not be read, and what to do next.", nullable=True, min_length=1)
    read_count: Integer = column("Records read.", unit="records", ge=0)
    accepted_count: Integer = column("Records that are rows of leads.", unit="records", ge=0)
    rejected_count: Integer = column("Records in rejected_leads for a fault.", unit="records", ge=0)
    duplicate_count: Integer = column(
        "Records in rejected_leads that repeat a lead word for word.",
        unit="records",
        ge=0,
    )
    mapping: Text = column("Which column plays which role and how it was found, JSON.", min_length=2)
    settings_fingerprint: Text = column("Hash of the settings it was read with.", min_length=16)
    landed_recorded_at: Utc = column("When this content was first seen; a later lead is in the future.", unit="UTC")

    class Config:
        """One row per import."""

        unique = ["import_id"]

    @dataframe_check
    def every_record_is_accounted_for(cls, data):
        """No record is lost between reading and storing."""
        table = data.table
        return table.read_count == table.accepted_count + table.rejected_count + table.duplicate_count

    @dataframe_check
    def error_says_why(cls, data):
        """An unreadable file names its error, a loaded one has none."""
        return (data.table.status == "error") == data.table.error.notnull()


class Leads(Table):
    """One row per lead and import. A column the file has is `Unknown` where its value is missing; one it lacks is null.

    Names, e-mail addresses and phone numbers are not taken over.
    """

    import_id: Text = column("Import the lead is of.", min_length=1, compression="zstd")
    record_number: Integer = column("Which record of the file; the header of a CSV is 1.", ge=1)
    lead_id: Text = column(
        "The lead's own id, where the file has one.",
        nullable=True,
        min_length=1,
        compression="zstd",
    )
    lead_at: Utc = column("When the lead came, where the file tells.", unit="UTC", nullable=True)
    state: Text = column("Where the lead is: state, city or country.", nullable=True, min_length=1)
    industry: Text = column("Industry or field.", nullable=True, min_length=1)
    job_title: Text = column("Job title or occupation.", nullable=True, min_length=1)
    education: Text = column("Level of education.", nullable=True, min_length=1)
    age: Text = column("Age or range of ages, as written.", nullable=True, min_length=1)
    experience: Text = column("Years of experience, a number or a range, as written.", nullable=True, min_length=1)
    gender: Text = column("Gender.", nullable=True, min_length=1)
    source: Text = column("How the lead was won.", nullable=True, min_length=1)
    extras: Text = column("The extra columns of the settings, a JSON object.", nullable=True, compression="zstd")
    is_converted: Flag = column("Whether the lead converted; null where the outcome cannot be read.", nullable=True)

    class Config:
        """A record is one lead."""

        unique = ["import_id", "record_number"]


class RejectedLeads(Table):
    """One row per record that is no lead of its own, with the reason and the record itself."""

    import_id: Text = column("Import the record is of.", min_length=1)
    record_number: Integer = column("Which record of the file; the header of a CSV is 1.", ge=1)
    reason: Text = column("Why it was left out; duplicate_lead is no fault.", isin=REASONS)
    column_name: Text = column("Column at fault, where one can be named.", nullable=True, min_length=1)
    message: Text = column("What happened, where, and what to do next.", min_length=1)
    record: Text = column(f"The record as text, at most {MAX_RECORD_CHARS} characters.", nullable=True)

    class Config:
        """A record is rejected once."""

        unique = ["import_id", "record_number"]

    @dataframe_check
    def record_is_bounded(cls, data):
        """A rejected record does not copy a broken file into the warehouse."""
        return data.table.record.isnull() | (data.table.record.length() <= MAX_RECORD_CHARS)


class LeadImports(Table):
    """One row per import with leads: how they were grouped, which leads rates rest on, what speaks for the groups."""

    import_id: Text = column("The import.", min_length=1)
    status: Text = column("grouped, or one_group where personas cannot be told apart.", isin=["grouped", "one_group"])
    status_reason: Text = column("Why all leads are one persona.", nullable=True, min_length=1)
    encoding: Text = column("How columns became distances.", isin=["one_hot", "label"])
    method: Text = column("Which family of methods found the groups.", min_length=1)
    persona_count: Integer = column("Personas.", ge=1)
    is_count_chosen: Flag = column("Whether the number of personas was chosen from the data.")
    verdict: Text = column("Whether the groups mean anything; only where k was chosen.", nullable=True, isin=VERDICTS)
    verdict_reason: Text = column("The verdict in words.", nullable=True, min_length=1)
    weakness: Text = column("Why the chosen partition is weak; null when nothing speaks against it.", nullable=True)
    lead_count: Integer = column("Leads.", unit="leads", ge=1)
    unknown_outcome_count: Integer = column("Leads whose outcome cannot be read: in no rate.", unit="leads", ge=0)
    immature_count: Integer = column("Leads with a known outcome that are too young for rates.", unit="leads", ge=0)
    counted_count: Integer = column("Leads that rates rest on.", unit="leads", ge=0)
    conversion_count: Integer = column("Conversions among those.", unit="leads", ge=0)
    overall_rate: Real = column("Conversion rate of those.", unit="share", nullable=True, ge=0, le=1)
    prior_weight: Real = column(
        "As many leads the overall rate counts in each persona.",
        unit="leads",
        nullable=True,
        gt=0,
    )
    is_prior_learned: Flag = column("Whether that weight was learned from the personas.", nullable=True)
    maturity: Text = column("Whether young leads were left out.", isin=["judged", "not_asked", "no_date_column"])
    as_of: Utc = column("The newest lead's time, where leads have any.", unit="UTC", nullable=True)
    axis_1_share: Real = column("Share of variance on the map's first axis.", unit="share", ge=0, le=1)
    axis_2_share: Real = column("Share of variance on the map's second axis.", unit="share", ge=0, le=1)
    matched_against: Text = column("Import whose personas gave their ids.", nullable=True, min_length=1)
    fingerprint: Text = column("Hash of the file, the settings and our rules.", min_length=16)

    class Config:
        """One row per import."""

        unique = ["import_id"]

    @dataframe_check
    def one_group_says_why(cls, data):
        """Where personas cannot be told apart there is a reason."""
        return (data.table.status == "one_group") == data.table.status_reason.notnull()

    @dataframe_check
    def outcomes_add_up(cls, data):
        """Every lead's outcome is counted, too young, or unknown."""
        table = data.table
        return table.lead_count == table.unknown_outcome_count + table.immature_count + table.counted_count

    @dataframe_check
    def rate_is_that_of_the_counts(cls, data):
        """There is an overall rate exactly when leads count."""
        table = data.table
        return (table.counted_count > 0) == table.overall_rate.notnull()


class LeadClusters(Table):
    """One row per lead and import: its group, its persona, and its place on the map."""

    import_id: Text = column("Import the lead is of.", min_length=1, compression="zstd")
    record_number: Integer = column("Which record of the file.", ge=1)
    cluster: Integer = column(
        "Number of the group in this import, 0 the largest (system E's encoding: its numbers).",
        ge=0,
    )
    persona_id: Text = column("Persona the group is.", min_length=1, compression="zstd")
    is_counted: Flag = column("Whether the lead counts for rates: a known outcome, and old enough.")
    map_x: Real = column("First principal component of the encoding.")
    map_y: Real = column("Second principal component of the encoding.")

    class Config:
        """A lead is in one group."""

        unique = ["import_id", "record_number"]


class LeadPersonas(Table):
    """One row per import and persona: who they are, how they convert, and how sure that is."""

    import_id: Text = column("The import.", min_length=1)
    persona_id: Text = column("Id the persona keeps from import to import.", min_length=1)
    cluster: Integer = column("Number of its group in this import.", ge=0)
    rank: Integer = column("Place by shrunken rate, 1 the highest.", ge=1)
    label: Text = column("Who they are in what, unique in the import.", min_length=1)
    name: Text = column("The label with its value tier.", min_length=1)
    size: Integer = column("Leads.", unit="leads", ge=1)
    share: Real = column("Share of the import's leads.", unit="share", gt=0, le=1)
    counted_count: Integer = column("Leads the rate rests on.", unit="leads", ge=0)
    conversion_count: Integer = column("Conversions among those.", unit="leads", ge=0)
    raw_rate: Real = column("Conversions over counted leads.", unit="share", nullable=True, ge=0, le=1)
    shrunken_rate: Real = column(
        "Rate drawn to everyone's by the prior weight.",
        unit="share",
        nullable=True,
        ge=0,
        le=1,
    )
    rate_low: Real = column("Lower end of its 95 % interval.", unit="share", nullable=True, ge=0, le=1)
    rate_high: Real = column("Upper end of its 95 % interval.", unit="share", nullable=True, ge=0, le=1)
    best_probability: Real = column("Chance that its rate is the highest.", unit="share", nullable=True, ge=0, le=1)
    value_tier: Text = column("Tier of the shrunken rate.", isin=TIERS)
    raw_tier: Text = column("Tier of the raw rate.", isin=TIERS)
    is_tier_uncertain: Flag = column("Whether the interval reaches into another tier.")
    stability: Real = column("Mean bootstrap Jaccard of its group; .75 is stable.", nullable=True, ge=0, le=1)
    matched_distance: Real = column(
        "How far its centre moved since the import it was matched against, in distances to its nearest sibling.",
        nullable=True,
        ge=0,
    )
    seniority: Text = column("Class most of its known job titles are of.", isin=SENIORITIES)
    geographic_concentration: Text = column("Whether its leads are from one place.", isin=CONCENTRATIONS)
    demographics: Text = column("Gender, age and education: most frequent values, JSON.", min_length=2)
    geography: Text = column("Most frequent places, JSON.", min_length=2)
    professional: Text = column("Industries, job titles, seniority, experience, JSON.", min_length=2)
    acquisition: Text = column("Most frequent sources, JSON.", min_length=2)
    extras: Text = column("Most frequent values of the extra columns, JSON.", min_length=2)
    contrasts: Text = column("What is more frequent than among all leads, largest effect first, JSON.", min_length=2)

    class Config:
        """A persona is once in an import."""

        unique = ["import_id", "persona_id"]

    @dataframe_check
    def rate_within_its_interval(cls, data):
        """The shrunken rate lies in its interval."""
        table = data.table
        return (table.rate_low <= table.shrunken_rate) & (table.shrunken_rate <= table.rate_high)

    @dataframe_check
    def conversions_within_leads(cls, data):
        """No more conversions than counted leads, no more of these than leads."""
        table = data.table
        return (table.conversion_count <= table.counted_count) & (table.counted_count <= table.size)

    @dataframe_check
    def rate_known_as_a_whole(cls, data):
        """Rate, interval, chance and tier are there together or not at all."""
        table = data.table
        is_known = table.shrunken_rate.notnull()
        return (
            (is_known == table.rate_low.notnull())
            & (is_known == table.rate_high.notnull())
            & (is_known == table.best_probability.notnull())
            & (is_known == (table.value_tier != "UNKNOWN"))
        )


class LeadColumns(Table):
    """One row per import and column of leads: how it was used, and how well it alone tells the outcome."""

    import_id: Text = column("The import.", min_length=1)
    column_name: Text = column("Role of the column, or its header.", min_length=1)
    header: Text = column("What the file calls it.", min_length=1)
    status: Text = column("used, unused, or leaking the outcome.", isin=["used", "unused", "leaking"])
    reason: Text = column("Why it is not used, or used though it leaks.", nullable=True, min_length=1)
    kind: Text = column("How it is encoded.", isin=["categorical", "ordered", "label", "none"])
    level_count: Integer = column("Distinct values, Unknown among them.", ge=1)
    unknown_share: Real = column("Share of leads without a value.", unit="share", ge=0, le=1)
    pooled_share: Real = column(
        "Share of leads whose value is too rare for an axis of its own.",
        unit="share",
        ge=0,
        le=1,
    )
    auc: Real = column(
        "Area under the ROC curve of this column alone, out of fold; .5 says nothing of the outcome.",
        nullable=True,
        ge=0,
        le=1,
    )

    class Config:
        """A column is judged once."""

        unique = ["import_id", "column_name"]

    @dataframe_check
    def unused_says_why(cls, data):
        """A column that is not used has a reason."""
        return (data.table.status == "used") | data.table.reason.notnull()


class LeadCandidates(Table):
    """One row per import and candidate partition tried, where the number of personas was chosen."""

    import_id: Text = column("The import.", min_length=1)
    candidate_id: Text = column("Method, parameters and space.", min_length=1)
    method: Text = column("Family of the method.", min_length=1)
    parameters: Text = column("What it was asked to do, JSON.", min_length=2)
    cluster_count: Integer = column("Groups it found.", ge=0)
    noise_share: Real = column("Leads it left out.", unit="share", ge=0, le=1)
    silhouette: Real = column("Mean silhouette, noise charged for.", ge=-1, le=1)
    min_jaccard: Real = column("Bootstrap stability of its least stable group.", nullable=True, ge=0, le=1)
    smallest_share: Real = column("Share of its smallest group.", unit="share", ge=0, le=1)
    is_chosen: Flag = column("Whether it became the personas.")
    reason: Text = column("Why it was chosen or not.", min_length=1)

    class Config:
        """A candidate is judged once."""

        unique = ["import_id", "candidate_id"]


class LeadEvidence(Table):
    """One row per import and test behind its verdict."""

    import_id: Text = column("The import.", min_length=1)
    test: Text = column("Name of the test.", isin=["null", "prediction_strength"])
    statistic: Real = column("What was measured.")
    p: Real = column("Chance of as much without groups.", unit="share", nullable=True, ge=0, le=1)
    threshold: Real = column("Bound it had to keep: from above for p, from below for the statistic.")
    is_passed: Flag = column("Whether it did.")
    draws: Text = column("The draws it rests on, a JSON list.", min_length=2)
    description: Text = column("The result in words.", min_length=1)

    class Config:
        """A test is made once."""

        unique = ["import_id", "test"]


class LeadModels(Table):
    """One row per import: the encoding and the centres of its personas, which the next import is matched against."""

    import_id: Text = column("The import.", min_length=1)
    model: Text = column("Encoding, centres and persona ids, JSON.", min_length=2)

    class Config:
        """One model per import."""

        unique = ["import_id"]


class LeadExports(Table):
    """One row per import and file written for people: personas, clustered leads, pictures."""

    import_id: Text = column("The import.", min_length=1)
    kind: Text = column("Which file it is.", isin=EXPORTS)
    path: Text = column("Where it is, relative to the home.", min_length=1)
    sha256: Text = column("Hash of its bytes.", min_length=64)
    byte_count: Integer = column("Its size.", unit="bytes", ge=1)
    fingerprint: Text = column("Hash of what it shows: the import and people's edits.", min_length=16)

    class Config:
        """A file of each kind per import."""

        unique = ["import_id", "kind"]
