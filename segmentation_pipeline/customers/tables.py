"""Contracts of customers: what files hold, who the customers are, their segments, and how well tiers foretell.

Add here: a column about purchases, customers or regions, with unit and allowed values.
Keep out: events and everything learned from them.
"""

from segmentation_pipeline.customers.records import REASONS as REASONS_BY_KIND
from segmentation_pipeline.landing.readers import MAX_RECORD_CHARS
from segmentation_pipeline.warehouse.contracts import (
    Day,
    Exact,
    Flag,
    Integer,
    OverdueProducts,
    ProductSpends,
    Real,
    Table,
    Text,
    Utc,
    column,
    dataframe_check,
)

KINDS = ("purchases", "customers", "regions")
REASONS = tuple(dict.fromkeys(reason for reasons in REASONS_BY_KIND.values() for reason in reasons))
MODES = ("regular", "new_customer")


class Purchases(Table):
    """One row per line of an order that was bought and paid for: who bought what when, and for how much."""

    customer_id: Text = column("Who bought, exactly as written in the file.", min_length=1)
    product_id: Text = column(
        "What was bought; its category where the file has no product, - without either.", min_length=1
    )
    category: Text = column("Category of the product, where the file has one.", nullable=True, min_length=1)
    quantity: Exact = column("How much was bought; 1 where the file does not say.", gt=0)
    unit_price: Exact = column("Price of one.", unit="money", ge=0)
    line_total: Exact = column("What was paid for the line.", unit="money", ge=0)
    order_id: Text = column("The order, where the file has one.", nullable=True, min_length=1)
    purchased_at: Utc = column("When it was bought.", unit="UTC")
    city: Text = column("City on the line.", nullable=True)
    region: Text = column("Region on the line.", nullable=True)
    gender: Text = column("Gender on the line.", nullable=True)
    age: Real = column("Age on the line.", unit="years", nullable=True, ge=0, le=120)
    birth_date: Day = column("Birth date on the line.", nullable=True)
    registered_at: Utc = column("Registration on the line.", unit="UTC", nullable=True)
    customer_key: Integer = column("Hash of customer_id, quick to group by.", ge=0)
    order_key: Integer = column(
        "Hash of customer and order; without an order id lines of one moment are one order, and a line without "
        "product and category is an order of its own.",
        ge=0,
    )
    line_key: Integer = column("Hash of everything that makes two lines equal.", ge=0)
    occurrence: Integer = column("Which of the equal lines of its file it is.", ge=1)
    file_name: Text = column("First file, by name, that holds the line, relative to landing.", min_length=1)

    class Config:
        """Equal lines of one file are two purchases, of two files one."""

        unique = ["line_key", "occurrence"]


class CancelledPurchases(Table):
    """One row per line that takes a purchase back: negative quantity, or an order that begins with the prefix."""

    customer_id: Text = column("Who gave back, exactly as written in the file.", min_length=1)
    product_id: Text = column("What was given back.", min_length=1)
    quantity: Exact = column("How much was given back.", gt=0)
    line_total: Exact = column("What the line takes back; it is subtracted from no purchase.", unit="money", ge=0)
    order_id: Text = column("The cancelling order, where the file has one.", nullable=True, min_length=1)
    purchased_at: Utc = column("When it was given back.", unit="UTC")
    is_matched: Flag = column(
        "Whether the customer had bought enough of the product before, less what was given back already."
    )
    line_key: Integer = column("Hash of everything that makes two lines equal.", ge=0)
    occurrence: Integer = column("Which of the equal lines of its file it is.", ge=1)
    file_name: Text = column("First file, by name, that holds the line, relative to landing.", min_length=1)

    class Config:
        """Equal lines of one file are two cancellations, of two files one."""

        unique = ["line_key", "occurrence"]


class RejectedPurchases(Table):
    """One row per record of purchases, customers or regions that could not be used, with the reason and the record."""

    file_name: Text = column("File the record comes from, relative to landing.", min_length=1)
    record_number: Integer = column(
        "Which record: the header of a CSV is 1; the line of an NDJSON; the element of a JSON array or Parquet.", ge=1
    )
    reason: Text = column("Why it was rejected.", isin=REASONS)
    column_name: Text = column("Column at fault, where one can be named.", nullable=True, min_length=1)
    message: Text = column("What happened, where, and what to do next.", min_length=1)
    record: Text = column(f"The record as text, at most {MAX_RECORD_CHARS} characters.", nullable=True)

    class Config:
        """A record is rejected once."""

        unique = ["file_name", "record_number"]

    @dataframe_check
    def record_is_bounded(cls, data):
        """A rejected record does not copy a broken file into the warehouse."""
        return data.table.record.isnull() | (data.table.record.length() <= MAX_RECORD_CHARS)


class PurchaseFiles(Table):
    """One row per file of purchases, customers or regions: how it was read and what became of its records."""

    file_name: Text = column("Path relative to landing, with forward slashes.", min_length=1)
    kind: Text = column("What the file holds.", isin=KINDS)
    sha256: Text = column("Hash of the bytes of the file.", min_length=64)
    byte_count: Integer = column("Size of the file.", unit="bytes", ge=0)
    format: Text = column("How the records are written.", min_length=1)
    compression: Text = column("How the file is compressed.", min_length=1)
    encoding: Text = column("How its text is encoded.", min_length=1)
    delimiter: Text = column("What separates the fields of a CSV.", nullable=True, min_length=1)
    status: Text = column("Whether the file could be read as a whole.", isin=["loaded", "error"])
    error: Text = column("Why it could not be read, and what to do next.", nullable=True, min_length=1)
    read_count: Integer = column("Records read.", unit="records", ge=0)
    accepted_count: Integer = column("Records that are in use.", unit="records", ge=0)
    rejected_count: Integer = column("Records that are rows of rejected_purchases.", unit="records", ge=0)
    duplicate_count: Integer = column("Records that another file holds too.", unit="records", ge=0)
    cancelled_count: Integer = column("Records that are rows of cancelled_purchases.", unit="records", ge=0)
    accepted_total: Exact = column("What was paid for the accepted lines.", unit="money", nullable=True, ge=0)
    mapping: Text = column("Which column plays which role and how it was found, JSON.", min_length=2)
    settings_fingerprint: Text = column("Hash of the settings it was read with.", min_length=16)
    landed_recorded_at: Utc = column("When this content was first seen; a later purchase is in the future.", unit="UTC")

    class Config:
        """One row per file name."""

        unique = ["file_name"]

    @dataframe_check
    def every_record_is_accounted_for(cls, data):
        """No record is lost between reading and storing."""
        t = data.table
        return t.read_count == t.accepted_count + t.rejected_count + t.duplicate_count + t.cancelled_count

    @dataframe_check
    def error_says_why(cls, data):
        """An unreadable file names its error, a loaded one has none."""
        return (data.table.status == "error") == data.table.error.notnull()


class Customers(Table):
    """One row per customer: of the customer files, else of the lines of purchases; customer files win."""

    customer_id: Text = column("The customer.", min_length=1)
    customer_key: Integer = column("Hash of customer_id, quick to group by.", ge=0)
    origin: Text = column("Where the customer is known from.", isin=["customers", "purchases", "both"])
    city: Text = column("Newest city told.", nullable=True)
    region: Text = column("Region of the city, else the newest region told, else the city.", nullable=True)
    gender: Text = column("Newest gender told.", nullable=True)
    age: Real = column("Newest age told.", unit="years", nullable=True, ge=0, le=120)
    birth_date: Day = column("Newest birth date told.", nullable=True)
    member_since: Utc = column(
        "Registration, or the first purchase where that is earlier or all there is.", unit="UTC", nullable=True
    )
    first_purchase_at: Utc = column("First purchase.", unit="UTC", nullable=True)
    last_purchase_at: Utc = column("Last purchase.", unit="UTC", nullable=True)

    class Config:
        """One row per customer, and no two customers under one key."""

        unique = ["customer_key"]

    @dataframe_check
    def purchases_have_a_span(cls, data):
        """The last purchase is not before the first."""
        return data.table.last_purchase_at >= data.table.first_purchase_at


class Regions(Table):
    """One row per city of the region files, and one (without city) per region told as a whole."""

    region: Text = column("The region.", min_length=1)
    city: Text = column("A city of it; null: the region as a whole.", nullable=True, min_length=1)
    climate: Text = column("Its climate, where told.", nullable=True)
    median_basket: Exact = column("Its median basket, where told.", unit="money", nullable=True, ge=0)
    trend: Text = column("The category in demand there, where told.", nullable=True)

    class Config:
        """A city lies in one region."""

        unique = ["region", "city"]


class RegionSegments(Table):
    """One row per region and refresh: its figures, and the segment of a visitor of whom nothing else is known.

    The region (all) stands for the whole shop; customers without a region are compared with it.
    """

    refresh_month: Day = column("Refresh the row belongs to: first of the month.")
    region: Text = column("The region; (all): the whole shop.", min_length=1)
    mode: Text = column("Always region.", isin=["region"])
    as_of: Utc = column("The moment everything is computed at.", unit="UTC")
    customer_count: Integer = column("Customers in the region.", unit="customers", ge=0)
    order_count: Integer = column("Orders up to as_of.", unit="orders", ge=0)
    region_median_basket: Real = column("Median basket: told, else computed.", unit="money", ge=0)
    median_source: Text = column(
        "given: by a region file; computed: from orders of the region; shop: too few orders, so from all orders.",
        isin=["given", "computed", "shop"],
    )
    trend_source: Text = column(
        "given: by a region file; computed: category most was spent on lately; unknown: no category is told.",
        isin=["given", "computed", "unknown"],
    )
    climate_source: Text = column("given: by a region file; unknown: nobody told.", isin=["given", "unknown"])
    age_segment: Text = column("Label of the age segment.", min_length=1)
    churn: Text = column("Label of the churn tier.", min_length=1)
    value: Text = column("Label of the value tier.", min_length=1)
    loyalty: Text = column("Label of the loyalty tier.", min_length=1)
    affinity_category: Text = column("The trend of the region.", min_length=1)
    affinity_type: Text = column("Label of the affinity type.", min_length=1)
    diversity: Text = column("Label of the diversity of products.", min_length=1)
    region_climate: Text = column("Climate of the region.", min_length=1)
    avg_basket: Real = column("The median basket.", unit="money", ge=0)
    estimated_budget: Real = column("What the next basket may cost.", unit="money", ge=0)
    avg_monthly_spend: Real = column("Two median baskets.", unit="money", ge=0)
    last_purchase_days_ago: Integer = column("A month.", unit="days", ge=0)
    recommended_strategy: Text = column("What to do.", min_length=1)
    discount_pct: Real = column("Discount to offer.", unit="percent", ge=0, le=100)
    rule_version: Text = column("Version of the rules and hash of their settings.", min_length=3)
    labels: Text = column("Whose words the labels are.", isin=["tr", "en", "own"])

    class Config:
        """One row per region and month."""

        unique = ["refresh_month", "region"]


class CustomerSegments(Table):
    """One row per customer and refresh: eight dimensions, the figures behind them, what is missing, what to do."""

    refresh_month: Day = column("Refresh the row belongs to: first of the month.")
    customer_id: Text = column("The customer.", min_length=1)
    mode: Text = column("regular: has purchases up to as_of; new_customer: has none.", isin=MODES)
    as_of: Utc = column("End of the month or the last purchase of all, whichever is earlier.", unit="UTC")
    age_segment: Text = column("Label of the age segment.", min_length=1)
    churn: Text = column("Label of the churn tier, by days since the last purchase.", min_length=1)
    value: Text = column("Label of the value tier, by average basket against the region's median.", min_length=1)
    loyalty: Text = column("Label of the loyalty tier, by months of membership and orders per month.", min_length=1)
    affinity_category: Text = column("Category most was spent on; of a new customer the region's trend.", min_length=1)
    affinity_type: Text = column("Label of the affinity type, by that category's share of purchases.", min_length=1)
    diversity: Text = column("Label of the diversity: distinct products over purchases of products.", min_length=1)
    region: Text = column("Region of the customer.", nullable=True)
    region_climate: Text = column("Climate of the region.", min_length=1)
    region_median_basket: Real = column("Median basket the customer is compared with.", unit="money", ge=0)
    avg_basket: Real = column("Spent per order; of a new customer the region's median.", unit="money", ge=0)
    estimated_budget: Real = column("What the next basket may cost: avg_basket x budget_factor.", unit="money", ge=0)
    avg_monthly_spend: Real = column("Spent per month (30 days) of membership.", unit="money", ge=0)
    last_purchase_days_ago: Integer = column("Full days since the last purchase; 999: never bought.", unit="days", ge=0)
    order_count: Integer = column("Distinct orders.", unit="orders", ge=0)
    total_spent: Real = column("Spent in all.", unit="money", ge=0)
    membership_days: Integer = column("Full days since the customer became one.", unit="days", ge=0)
    missing_regulars: OverdueProducts = column("Products bought regularly and overdue, most overdue first.")
    top_products: ProductSpends = column("Products most was spent on, that first.")
    recommended_strategy: Text = column("What to do.", min_length=1)
    discount_pct: Real = column("Discount to offer.", unit="percent", ge=0, le=100)
    rule_version: Text = column("Version of the rules and hash of their settings.", min_length=3)
    labels: Text = column("Whose words the labels are.", isin=["tr", "en", "own"])

    class Config:
        """One row per customer and month."""

        unique = ["refresh_month", "customer_id"]

    @dataframe_check
    def new_customers_bought_nothing(cls, data):
        """A new customer has no orders and no products."""
        t = data.table
        return (t.mode != "new_customer") | (
            (t.order_count == 0) & (t.total_spent == 0) & (t.top_products.length() == 0)
        )

    @dataframe_check
    def regulars_have_ordered(cls, data):
        """A regular customer has at least one order."""
        return (data.table.mode != "regular") | (data.table.order_count >= 1)


class TierBacktests(Table):
    """One row per tier, outcome and refresh: what customers of a tier did afterwards, against all others.

    Tiers are those of a landmark before the refresh's as_of; outcomes lie after it, up to as_of.
    """

    refresh_month: Day = column("Refresh the row belongs to: first of the month.")
    dimension: Text = column("Dimension the tier belongs to.", isin=["churn", "value", "loyalty"])
    tier: Text = column("Label of the tier.", min_length=1)
    outcome: Text = column(
        "repurchase: share who bought again; spend and orders: mean per customer.",
        isin=["repurchase", "spend", "orders"],
    )
    landmark_at: Utc = column("Tiers are from purchases up to here.", unit="UTC")
    as_of: Utc = column("Outcomes are from purchases up to here.", unit="UTC")
    customer_count: Integer = column("Customers of the tier at the landmark.", unit="customers", ge=0)
    value: Real = column("Share or mean of the tier.", ge=0)
    low: Real = column(
        "Lower end of the 95 % interval; null where a mean is of too few customers.", nullable=True, ge=0
    )
    high: Real = column(
        "Upper end of the 95 % interval; null where a mean is of too few customers.", nullable=True, ge=0
    )
    others_value: Real = column("Share or mean of all customers of other tiers.", nullable=True, ge=0)
    lift: Real = column(
        "value over others_value; null where either did nothing or is a mean of too few.", nullable=True, ge=0
    )
    lift_low: Real = column("Lower end of the 95 % interval of the lift.", nullable=True, ge=0)
    lift_high: Real = column("Upper end of the 95 % interval of the lift.", nullable=True, ge=0)
    rule_version: Text = column("Version of the rules and hash of their settings.", min_length=3)

    class Config:
        """One row per tier and outcome of a refresh."""

        unique = ["refresh_month", "dimension", "tier", "outcome"]

    @dataframe_check
    def value_lies_in_its_interval(cls, data):
        """The interval holds the value."""
        return (data.table.low <= data.table.value) & (data.table.value <= data.table.high)

    @dataframe_check
    def lift_lies_in_its_interval(cls, data):
        """The interval holds the lift."""
        return (data.table.lift_low <= data.table.lift) & (data.table.lift <= data.table.lift_high)
