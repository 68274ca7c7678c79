/**
 * Which room may lean on which, and why. An import that is not written here fails `tidy.test.ts`;
 * a new arrow is a decision, so it gets its reason in words first.
 */
export const ARROWS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  base: {},
  money: { base: 'amounts assert, and a missing rate is a fault' },
  ledger: {
    base: 'postings are rows with ids, times and a workspace',
    money: 'a posting moves an amount of a unit',
  },
  audit: {
    base: 'the trail is rows with ids and times',
    money: 'an entry may name an amount',
    ledger: 'the trail points at postings',
  },
  catalog: {
    base: 'versions of the catalogue are stored',
    money: 'plans have prices, and the proof computes with them',
  },
  meters: {
    base: 'holds are rows, and the batcher works on a pool',
    money: 'a cost meter counts nano-units of a currency',
    ledger: 'a settle posts in its own transaction',
  },
  providers: {
    base: 'a provider error is a fault that knows whether to retry',
    money: 'usage is what prices are multiplied with',
    catalog: 'a call names a model of the catalogue',
  },
  identity: {
    base: 'workspaces, keys and sessions are rows',
    catalog: 'a workspace stands on a version of a plan',
  },
  limits: {
    base: 'a window is a function of the clock',
    catalog: 'the rates are those of the plan',
  },
  policy: {
    base: 'the state of policy is rows with times',
    money: 'a ceiling is an amount',
    catalog: 'a policy starts from a plan',
    identity: 'a policy belongs to a workspace',
    meters: 'a policy says which meters a hold takes',
  },
  routing: {
    base: 'no route is a refusal',
    money: 'routes are compared by their worst-case cost',
    catalog: 'routes lead to models of the catalogue',
  },
  wallet: {
    base: 'a period is opened once, in a transaction',
    money: 'packs have prices',
    ledger: 'what a customer owes is posted',
    catalog: 'plans grant credits, packs sell them',
    meters: 'credits are granted to meters',
    policy: 'a period is that of the effective plan',
  },
  gate: {
    base: 'the pipeline runs on the clock and returns refusals',
    money: 'the cost of a call',
    ledger: 'attempts are recorded one by one',
    catalog: 'the operation that is asked for',
    meters: 'hold before the call, settle after it',
    providers: 'the call itself',
    identity: 'who asks',
    limits: 'how often',
    policy: 'what is allowed',
    routing: 'which model',
    wallet: 'a call opens the period it falls into',
  },
  server: {
    base: 'settings, clock, log and database',
    money: 'amounts on the wire',
    ledger: 'the books are shown',
    audit: 'the trail is written and shown',
    catalog: 'plans and models are shown',
    meters: 'usage is shown',
    providers: 'providers are built from the settings',
    identity: 'callers are recognised',
    limits: 'rate windows are built from the settings',
    policy: 'usage is shown against the policy',
    routing: 'the router is built for the gate',
    wallet: 'gifts are granted, periods opened',
    gate: 'the one way to spend',
  },
  cli: {
    base: 'settings and database',
    money: 'amounts in tables',
    ledger: 'ledger verify',
    audit: 'audit verify',
    catalog: 'plans check, prices import',
    server: 'up and serve',
  },
  web: { base: 'its tests see that every refusal has words; the client itself speaks HTTP alone' },
};
