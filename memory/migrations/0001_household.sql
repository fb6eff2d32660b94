-- What the household keeps. Every row belongs to a person (or to "home", the household).

CREATE TABLE events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner text NOT NULL,
    title text NOT NULL CHECK (title <> ''),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    all_day boolean NOT NULL DEFAULT false,
    time_zone text NOT NULL DEFAULT 'UTC',
    rule text,
    skipped timestamptz[] NOT NULL DEFAULT '{}',
    location text NOT NULL DEFAULT '',
    cancelled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (ends_at >= starts_at)
);
CREATE INDEX events_by_time ON events (owner, starts_at) WHERE cancelled_at IS NULL AND rule IS NULL;
CREATE INDEX events_recurring ON events (owner) WHERE cancelled_at IS NULL AND rule IS NOT NULL;

CREATE TABLE tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner text NOT NULL,
    title text NOT NULL CHECK (title <> ''),
    due_at timestamptz,
    done_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX tasks_open ON tasks (owner, due_at) WHERE done_at IS NULL;

CREATE TABLE contacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner text NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    role text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    birthday text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX contacts_by_owner ON contacts (owner, lower(name));

CREATE TABLE notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner text NOT NULL,
    text text NOT NULL CHECK (text <> ''),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX notes_by_owner ON notes (owner, created_at DESC);

CREATE TABLE reminders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner text NOT NULL,
    text text NOT NULL CHECK (text <> ''),
    due_at timestamptz NOT NULL,
    time_zone text NOT NULL DEFAULT 'UTC',
    rule text,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX reminders_waiting ON reminders (owner, due_at) WHERE cancelled_at IS NULL AND delivered_at IS NULL;
