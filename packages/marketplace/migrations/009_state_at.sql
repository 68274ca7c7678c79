-- Of when its state is: what was decided later counts, whichever is heard of first; null: of when it was made.
alter table marketplace.reversal add column state_at timestamptz;
