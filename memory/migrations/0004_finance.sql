-- What a person owns and what they watch. `symbol` is what the services know it by, `ticker` what people write.

CREATE TABLE holdings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('share', 'coin', 'currency')),
    symbol text NOT NULL CHECK (symbol <> ''),
    name text NOT NULL CHECK (name <> ''),
    ticker text NOT NULL DEFAULT '',
    quantity numeric NOT NULL CHECK (quantity > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (owner, kind, symbol)
);

CREATE TABLE watched (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('share', 'coin', 'currency')),
    symbol text NOT NULL CHECK (symbol <> ''),
    name text NOT NULL CHECK (name <> ''),
    ticker text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (owner, kind, symbol)
);

CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON holdings FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON watched FOR EACH ROW EXECUTE FUNCTION log_change();
