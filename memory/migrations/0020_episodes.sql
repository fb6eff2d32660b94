-- Episodes by month: what was said in one month is a table of its own, so that a question about last March reads
-- March. Rows of before are taken over. A vector is added after the turn, in the background, and `space` names its model;
-- without pgvector there is no column for it, and words alone find an episode.

ALTER TABLE episodes RENAME TO episodes_before;
ALTER INDEX episodes_pkey RENAME TO episodes_before_pkey;
ALTER INDEX episodes_by_time RENAME TO episodes_before_by_time;

CREATE TABLE episodes (
    thread text NOT NULL,
    turn text NOT NULL,
    person text NOT NULL,
    said text NOT NULL,
    answered text NOT NULL,
    intents text[] NOT NULL DEFAULT '{}',
    happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    words tsvector GENERATED ALWAYS AS (to_tsvector('english', left(said || ' ' || answered, 100000))) STORED,
    space text NOT NULL DEFAULT '',
    PRIMARY KEY (thread, turn, happened_at)
) PARTITION BY RANGE (happened_at);
CREATE INDEX episodes_by_time ON episodes (person, happened_at DESC);
CREATE INDEX episodes_by_words ON episodes USING gin (words);
CREATE INDEX episodes_not_embedded ON episodes (happened_at) WHERE space = '';

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') THEN
        ALTER TABLE episodes ADD COLUMN embedding halfvec;
    END IF;
END $$;

-- The table of the month of a moment, made where it is missing. Months are those of UTC.
CREATE FUNCTION make_month_of_episodes(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    begins timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
    named text := 'episodes_' || to_char(begins, 'YYYY_MM');
BEGIN
    IF to_regclass('passfel.' || named) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('months of episodes'));
        EXECUTE format('CREATE TABLE IF NOT EXISTS passfel.%I PARTITION OF passfel.episodes FOR VALUES FROM (%L) TO (%L)',
            named, begins AT TIME ZONE 'UTC', (begins + interval '1 month') AT TIME ZONE 'UTC');
    END IF;
END $$;

SELECT make_month_of_episodes(month) FROM
    (SELECT DISTINCT date_trunc('month', happened_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month
     FROM episodes_before) AS months;
INSERT INTO episodes (thread, turn, person, said, answered, intents, happened_at)
    SELECT thread, turn, person, said, answered, intents, happened_at FROM episodes_before;
DROP TABLE episodes_before;
