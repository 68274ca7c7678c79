-- What had failed is owed no more, though nobody paid it: its invoice was called off, or its subscription is told to be in order again.
alter table license.event drop constraint event_kind_check;
alter table license.event add constraint event_kind_check
  check (kind in ('failed', 'excused', 'paid', 'ended', 'paused', 'resumed', 'refunded', 'set_active', 'set_grace', 'set_cancelled'));
