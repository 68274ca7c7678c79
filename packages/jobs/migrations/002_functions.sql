-- Locks go one way everywhere: lines first, in the order of lane and workspace, then jobs. Whoever looks for work skips what is locked
-- and waits for nobody.

-- Puts jobs of one workspace into their lanes; each is an object with the members read below. One whose key is known already is not put
-- in again: `fresh` is false then. @raises P4780 when more than p_due_max would wait, P4781 when a known key asked for something else.
create function jobs.enqueue(p_workspace uuid, p_now timestamptz, p_due_max integer, p_jobs jsonb)
returns table (job_id uuid, lane text, due boolean, fresh boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  v_wall timestamptz := clock_timestamp();
  v_made uuid[];
  v_line record;
begin
  for v_line in
    select w ->> 'lane' as lane, max((w ->> 'running_max')::integer) as running_max
    from jsonb_array_elements(p_jobs) w group by 1 order by 1
  loop
    insert into jobs.line as l (lane, workspace_id, running_max, turn) values (v_line.lane, p_workspace, v_line.running_max, v_wall)
    on conflict (lane, workspace_id) do update set running_max = excluded.running_max,
      turn = case when l.due = 0 and l.running = 0 then excluded.turn else l.turn end;
  end loop;
  with made as (
    insert into jobs.job (workspace_id, job_id, kind, lane, idempotency_key, request_hash, payload, due, due_at, run_at, deadline_at,
      attempts_max, progress_total, created_at)
    select p_workspace, w.job_id, w.kind, w.lane, w.idempotency_key, w.request_hash, w.payload, w.run_at <= p_now,
      case when w.run_at <= p_now then v_wall end, w.run_at, w.deadline_at, w.attempts_max, w.progress_total, p_now
    from rows from (jsonb_to_recordset(p_jobs) as (job_id uuid, kind text, lane text, idempotency_key text, request_hash text, payload jsonb,
      run_at timestamptz, deadline_at timestamptz, attempts_max smallint, progress_total bigint)) with ordinality
      w (job_id, kind, lane, idempotency_key, request_hash, payload, run_at, deadline_at, attempts_max, progress_total, ordinal)
    order by w.ordinal
    on conflict (workspace_id, kind, idempotency_key) where idempotency_key is not null do nothing
    returning job_id)
  select array_agg(job_id) into v_made from made;
  for v_line in
    update jobs.line l set due = l.due + n.count
    from (select lane, count(*)::integer as count from jobs.job where job_id = any (v_made) and due group by lane) n
    where l.lane = n.lane and l.workspace_id = p_workspace
    returning l.lane, l.due, l.due - n.count as before
  loop
    if v_line.due > p_due_max then
      raise exception 'at most % jobs of a workspace wait in the lane %', p_due_max, v_line.lane using errcode = 'P4780';
    end if;
    if v_line.before = 0 then perform pg_notify('purser_jobs', v_line.lane); end if;
  end loop;
  if exists (
    select from jsonb_to_recordset(p_jobs) w (kind text, idempotency_key text, request_hash text)
    join jobs.job j on j.workspace_id = p_workspace and j.kind = w.kind and j.idempotency_key = w.idempotency_key
    where j.request_hash <> w.request_hash)
  then
    raise exception 'a job was put in under this key before, and asked for something else' using errcode = 'P4781';
  end if;
  return query
    select coalesce(n.job_id, k.job_id), coalesce(n.lane, k.lane), coalesce(n.due, k.due), n.job_id is not null
    from rows from (jsonb_to_recordset(p_jobs) as (job_id uuid, kind text, idempotency_key text))
      with ordinality w (job_id, kind, idempotency_key, ordinal)
    left join jobs.job n on n.job_id = w.job_id
    left join jobs.job k on n.job_id is null and k.workspace_id = p_workspace and k.kind = w.kind and k.idempotency_key = w.idempotency_key
    order by w.ordinal;
end $$;

-- At most p_want jobs of one lane, from the lines whose turn it is: as many from each as makes a round, and the line goes behind the
-- others by as much. A line is never more than a minute behind one that begins now, so none waits for ever behind newcomers.
create function jobs.claim_lane(p_lane text, p_want integer, p_lease uuid, p_until timestamptz) returns uuid[]
language plpgsql as $$
declare
  v_wall timestamptz := clock_timestamp();
  v_ids uuid[] := '{}';
  v_round uuid[];
  v_want integer;
begin
  loop
    v_want := p_want - cardinality(v_ids);
    exit when v_want <= 0;
    with open as (
      select workspace_id, turn, running_max - running as free from jobs.line
      where lane = p_lane and due > 0 and running < running_max
      order by turn, workspace_id limit v_want for update skip locked),
    shares as (
      select workspace_id, turn, least(free, ceil(v_want::numeric / count(*) over ())::integer) as share from open),
    rounds as (
      select workspace_id, share, sum(share) over (order by turn, workspace_id) - share as before from shares),
    next as (
      select j.job_id from rounds r cross join lateral (
        select job_id from jobs.job where lane = p_lane and workspace_id = r.workspace_id and due
        order by position limit greatest(0, least(r.share, v_want - r.before)) for update skip locked) j),
    taken as (
      update jobs.job j set status = 'running', due = false, attempts = attempts + 1, lease_id = p_lease, leased_until = p_until,
        started_at = v_wall, version = version + 1
      from next where j.job_id = next.job_id returning j.job_id, j.workspace_id),
    counted as (
      update jobs.line l set due = l.due - n.count, running = l.running + n.count,
        turn = least(greatest(l.turn, v_wall) + n.count * interval '1 second', v_wall + interval '1 minute')
      from (select workspace_id, count(*)::integer as count from taken group by workspace_id) n
      where l.lane = p_lane and l.workspace_id = n.workspace_id)
    select coalesce(array_agg(job_id), '{}') into v_round from taken;
    exit when cardinality(v_round) = 0;
    v_ids := v_ids || v_round;
  end loop;
  return v_ids;
end $$;

-- Claims for one worker: of each lane first its share (p_wants), then what is left over by priority, of none more than p_most.
create function jobs.claim(p_lease uuid, p_lease_s integer, p_lanes text[], p_wants integer[], p_most integer[], p_total integer)
returns setof jobs.job
language plpgsql as $$
declare
  v_until timestamptz := clock_timestamp() + p_lease_s * interval '1 second';
  v_taken integer[] := array_fill(0, array[cardinality(p_lanes)]);
  v_ids uuid[] := '{}';
  v_more uuid[];
  v_want integer;
begin
  for v_pass in 1 .. 2 loop
    for i in 1 .. cardinality(p_lanes) loop
      v_want := least(case v_pass when 1 then p_wants[i] else p_most[i] - v_taken[i] end, p_total - cardinality(v_ids));
      continue when v_want <= 0;
      v_more := jobs.claim_lane(p_lanes[i], v_want, p_lease, v_until);
      v_taken[i] := v_taken[i] + cardinality(v_more);
      v_ids := v_ids || v_more;
    end loop;
  end loop;
  return query select * from jobs.job where job_id = any (v_ids);
end $$;

-- How jobs of one worker ended: `succeeded`, `failed`, `again` (at p_run_at), or `released` (it was not begun in earnest: at p_run_at if
-- that is given, at once if not, and the attempt is not counted). A job that is
-- no longer this worker's is left alone. One that was to be cancelled is not tried again. Returns the lanes in which a line that was full
-- may be served again.
create function jobs.finish(p_lease uuid, p_now timestamptz, p_ids uuid[], p_outcomes text[], p_results jsonb[], p_codes text[],
  p_details text[], p_run_at timestamptz[])
returns setof text
language plpgsql as $$
declare
  v_wall timestamptz := clock_timestamp();
begin
  perform from jobs.line l
    where (l.lane, l.workspace_id) in (select j.lane, j.workspace_id from jobs.job j where j.job_id = any (p_ids))
    order by l.lane, l.workspace_id for update;
  return query
    with told as (
      select * from unnest(p_ids, p_outcomes, p_results, p_codes, p_details, p_run_at) t (id, outcome, result, code, detail, run_at)),
    ended as (
      update jobs.job j set
        status = case when t.outcome = 'succeeded' then 'succeeded' when j.cancel_asked then 'cancelled'
                      when t.outcome = 'failed' then 'failed' else 'queued' end,
        due = t.outcome = 'released' and t.run_at is null and not j.cancel_asked,
        due_at = case when t.outcome = 'released' and t.run_at is null then v_wall else j.due_at end,
        run_at = coalesce(t.run_at, j.run_at),
        attempts = j.attempts - case when t.outcome = 'released' then 1 else 0 end,
        result = coalesce(t.result, j.result), error_code = t.code, error_detail = t.detail,
        progress_done = case when t.outcome = 'succeeded' then coalesce(j.progress_total, j.progress_done) else j.progress_done end,
        ended_at = case when t.outcome in ('succeeded', 'failed') or j.cancel_asked then p_now end,
        lease_id = null, leased_until = null, version = j.version + 1
      from told t where j.job_id = t.id and j.status = 'running' and j.lease_id = p_lease
      returning j.due, j.lane, j.workspace_id),
    counted as (
      update jobs.line l set running = l.running - n.ended, due = l.due + n.due
      from (select lane, workspace_id, count(*)::integer as ended, count(*) filter (where due)::integer as due from ended group by 1, 2) n
      where l.lane = n.lane and l.workspace_id = n.workspace_id
      returning l.lane, l.due > 0 and l.running + n.ended >= l.running_max as opened)
    select distinct c.lane from counted c where c.opened;
end $$;

-- Says that a worker lives and works at these jobs still. What it holds no longer is missing in the answer.
create function jobs.renew(p_lease uuid, p_lease_s integer, p_ids uuid[]) returns setof uuid
language sql as $$
  update jobs.job j set leased_until = clock_timestamp() + p_lease_s * interval '1 second'
  where j.job_id = any (p_ids) and j.status = 'running' and j.lease_id = p_lease
  returning j.job_id
$$;

-- How far jobs have come. A job that has started anew counts from where its run says it is.
create function jobs.progress(p_lease uuid, p_ids uuid[], p_done bigint[], p_total bigint[]) returns void
language sql as $$
  update jobs.job j set progress_done = t.done, progress_total = t.total, version = j.version + 1
  from unnest(p_ids, p_done, p_total) t (id, done, total)
  where j.job_id = t.id and j.status = 'running' and j.lease_id = p_lease
$$;

-- Ends a job that waits; asks one that runs to stop. Returns its status, null when there is none.
create function jobs.cancel(p_workspace uuid, p_job uuid, p_now timestamptz) returns text
language plpgsql as $$
declare
  v_lane text := (select lane from jobs.job where job_id = p_job and workspace_id = p_workspace);
  v_was_due boolean;
  v_status text;
begin
  perform from jobs.line where lane = v_lane and workspace_id = p_workspace for update;
  select due, status into v_was_due, v_status from jobs.job where job_id = p_job and workspace_id = p_workspace for update;
  if v_status = 'queued' then
    update jobs.job set status = 'cancelled', due = false, cancel_asked = true, ended_at = p_now, version = version + 1 where job_id = p_job;
    if v_was_due then update jobs.line set due = due - 1 where lane = v_lane and workspace_id = p_workspace; end if;
    return 'cancelled';
  end if;
  if v_status = 'running' then
    update jobs.job set cancel_asked = true, version = version + 1 where job_id = p_job and not cancel_asked;
  end if;
  return v_status;
end $$;

-- Puts jobs that failed or were cancelled in once more, with all their attempts. Returns how many.
create function jobs.retry(p_ids uuid[]) returns integer
language plpgsql as $$
declare
  v_wall timestamptz := clock_timestamp();
  v_count integer;
begin
  perform from jobs.line l
    where (l.lane, l.workspace_id) in (select lane, workspace_id from jobs.job where job_id = any (p_ids))
    order by l.lane, l.workspace_id for update;
  with again as (
    update jobs.job set status = 'queued', due = true, due_at = v_wall, attempts = 0, cancel_asked = false, deadline_at = null,
      error_code = null, error_detail = null, ended_at = null, version = version + 1
    where job_id = any (p_ids) and status in ('failed', 'cancelled') returning lane, workspace_id),
  counted as (
    update jobs.line l set due = l.due + n.count from (select lane, workspace_id, count(*)::integer as count from again group by 1, 2) n
    where l.lane = n.lane and l.workspace_id = n.workspace_id)
  select count(*) into v_count from again;
  perform pg_notify('purser_jobs', lane) from jobs.job where job_id = any (p_ids) group by lane;
  return v_count;
end $$;

-- What time does to jobs: the scheduled come due, those of a worker that lives no longer go back (or fail, when that was the last attempt),
-- those whose deadline has passed fail. At most p_rows_max of each. Returns how many of a lane came due.
create function jobs.sweep(p_now timestamptz, p_rows_max integer) returns table (lane text, due bigint)
language plpgsql as $$
#variable_conflict use_column
declare
  v_wall timestamptz := clock_timestamp();
  v_ids uuid[];
begin
  select array_agg(job_id) into v_ids from (
    (select job_id from jobs.job where status = 'queued' and not due and run_at <= p_now order by run_at limit p_rows_max)
    union all
    (select job_id from jobs.job where status = 'running' and leased_until < v_wall order by leased_until limit p_rows_max)
    union all
    (select job_id from jobs.job where status = 'queued' and deadline_at <= p_now order by deadline_at limit p_rows_max)) j;
  if v_ids is null then return; end if;
  perform from jobs.line l
    where (l.lane, l.workspace_id) in (select j.lane, j.workspace_id from jobs.job j where j.job_id = any (v_ids))
    order by l.lane, l.workspace_id for update;
  return query
    with before as (
      select job_id, status, due, status = 'running' as ran, deadline_at is not null and deadline_at <= p_now as late,
        attempts >= attempts_max as spent, cancel_asked
      from jobs.job
      where job_id = any (v_ids) and (status = 'running' and leased_until < v_wall or status = 'queued' and (deadline_at <= p_now or not due and run_at <= p_now))
      for update),
    swept as (
      update jobs.job j set
        status = case when b.ran and j.cancel_asked then 'cancelled' when b.late or b.ran and b.spent then 'failed' else 'queued' end,
        due = not (b.late or b.ran and (b.spent or j.cancel_asked)),
        due_at = case when b.late or b.ran and (b.spent or j.cancel_asked) then j.due_at else v_wall end,
        error_code = case when b.ran and j.cancel_asked then null when b.late then 'deadline_passed' when b.ran and b.spent then 'worker_lost' else j.error_code end,
        error_detail = case when b.ran and j.cancel_asked then null
          when b.late then 'it had not ended when its deadline passed'
          when b.ran and b.spent then 'the worker of its last attempt ended without a word' else j.error_detail end,
        ended_at = case when b.late or b.ran and (b.spent or j.cancel_asked) then p_now end,
        lease_id = null, leased_until = null, version = j.version + 1
      from before b where j.job_id = b.job_id
      returning j.job_id, j.lane, j.workspace_id, j.due),
    counted as (
      update jobs.line l set running = l.running - n.ran, due = l.due + n.due
      from (select s.lane, s.workspace_id, count(*) filter (where b.ran)::integer as ran,
              (count(*) filter (where s.due) - count(*) filter (where b.due))::integer as due
            from swept s join before b using (job_id) group by 1, 2) n
      where l.lane = n.lane and l.workspace_id = n.workspace_id)
    select s.lane, count(*) from swept s where s.due group by s.lane;
  perform pg_notify('purser_jobs', j.lane) from jobs.job j where j.job_id = any (v_ids) and j.due group by j.lane;
end $$;

-- Lanes with work that may be begun now.
create function jobs.open_lanes() returns setof text
language sql stable as $$
  select l from unnest(array['critical', 'high', 'standard', 'low']) l
  where exists (select from jobs.line where lane = l and due > 0 and running < running_max)
$$;

-- How long work waits that could begin now: of the lines that may be served, of each lane at most p_lines, the wait of what stands first, and
-- of these waits that of 95 in 100 (seconds). What a workspace holds up by its own limit does not count.
create function jobs.open_waits(p_lines integer) returns table (lane text, lines bigint, wait_p95_s double precision)
language sql stable as $$
  select l.lane, count(*), percentile_disc(0.95) within group (order by extract(epoch from clock_timestamp() - j.due_at))::double precision
  from unnest(array['critical', 'high', 'standard', 'low']) l (lane)
  cross join lateral (
    select workspace_id from jobs.line n where n.lane = l.lane and n.due > 0 and n.running < n.running_max
    order by n.turn, n.workspace_id limit p_lines) n
  cross join lateral (
    select due_at from jobs.job j where j.lane = l.lane and j.workspace_id = n.workspace_id and j.due order by j.position limit 1) j
  group by l.lane
$$;

-- How the lanes are: what waits and runs, the longest wait of what waits, and of what was begun lately the wait of 95 in 100 (seconds).
create function jobs.lanes(p_lately interval) returns table (lane text, due bigint, running bigint, longest_wait_s double precision, wait_p95_s double precision)
language sql stable as $$
  select l.lane, coalesce(n.due, 0), coalesce(n.running, 0),
    (select extract(epoch from clock_timestamp() - min(j.due_at)) from jobs.job j where j.lane = l.lane and j.due)::double precision,
    (select percentile_disc(0.95) within group (order by extract(epoch from j.started_at - j.due_at)) from jobs.job j
     where j.lane = l.lane and j.started_at > clock_timestamp() - p_lately and j.due_at is not null)::double precision
  from unnest(array['critical', 'high', 'standard', 'low']) l (lane)
  left join (select lane, sum(due) as due, sum(running) as running from jobs.line group by lane) n on n.lane = l.lane
$$;

-- Deletes jobs that ended before then, and lines in which nothing is. Returns how many rows went.
create function jobs.forget(p_before timestamptz, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  delete from jobs.job where ctid = any (array(select ctid from jobs.job where ended_at < p_before limit p_rows_max));
  get diagnostics v_rows = row_count;
  delete from jobs.line where ctid = any (array(
    select ctid from jobs.line l where due = 0 and running = 0 and not exists (select from jobs.job j where j.workspace_id = l.workspace_id)
    limit p_rows_max for update skip locked));
  return v_rows;
end $$;

-- Erasure of a workspace. What runs goes too: its worker finds it no longer its own.
create function jobs.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  delete from jobs.job where ctid = any (array(select ctid from jobs.job where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  if v_rows = 0 then
    delete from jobs.line where workspace_id = p_workspace;
    get diagnostics v_rows = row_count;
  end if;
  return v_rows;
end $$;
