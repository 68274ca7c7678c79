-- What was agreed and is not collected yet: a few rows a workspace and month among all postings, so that a report need not read the others.
create index posting_agreed on ledger.posting (posted_at)
  where (debit = 'receivable' and credit in ('revenue:subscription', 'revenue:pay_as_you_go'))
     or (credit = 'receivable' and debit in ('revenue:subscription', 'revenue:pay_as_you_go'));
