-- The effects ledger: every call of a tool that is not read only, under (thread, call), once.
-- `changes` holds the rows before and after, written by a trigger inside the effect's own transaction: undo reads them.

CREATE TABLE effects (
    thread text NOT NULL,
    call text NOT NULL,
    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    person text NOT NULL,
    tool text NOT NULL,
    arguments jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('started', 'done')),
    content text NOT NULL DEFAULT '',
    outcome jsonb,
    undone_by uuid REFERENCES effects (id),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (thread, call)
);
CREATE INDEX effects_latest ON effects (person, finished_at DESC) WHERE state = 'done' AND undone_by IS NULL;

CREATE TABLE changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    effect uuid NOT NULL REFERENCES effects (id) ON DELETE CASCADE,
    kind text NOT NULL,
    row_id uuid NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX changes_by_effect ON changes (effect, id);

-- The effect in progress is named by the transaction's own setting; rows changed outside an effect are not logged.
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current_effect text := current_setting('passfel.effect', true);
BEGIN
    IF coalesce(current_effect, '') <> '' THEN
        INSERT INTO changes (effect, kind, row_id, before, after) VALUES (
            current_effect::uuid, TG_TABLE_NAME, coalesce(NEW.id, OLD.id),
            CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
            CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON contacts FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON reminders FOR EACH ROW EXECUTE FUNCTION log_change();
