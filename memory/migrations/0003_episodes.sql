-- What was said when: one row a turn. Written in `remember`; the message's id makes a replay harmless.

CREATE TABLE episodes (
    thread text NOT NULL,
    turn text NOT NULL,
    person text NOT NULL,
    said text NOT NULL,
    answered text NOT NULL,
    intents text[] NOT NULL DEFAULT '{}',
    happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (thread, turn)
);
CREATE INDEX episodes_by_time ON episodes (person, happened_at DESC);
