-- What a change on somebody's server is going to be, kept before it is begun: a replay goes on with the same plan,
-- and finds what it has done already. Undo of such a change has its two versions in `changes`, like that of a row.

ALTER TABLE effects ADD COLUMN plan jsonb;
