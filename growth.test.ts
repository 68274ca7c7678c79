import { readdirSync, readFileSync } from 'node:fs';

import { fasterThanLinear, growthOf, HOSTILE_TEXTS } from '@purser/core/testing';
import { describe, expect, test } from 'vitest';

/*
 * Whatever reads a text does so in time that grows as the text does. Every function that a package exports and that
 * takes a text is named here: with how it is given one, or as one that reads none of a caller's length. A new one on neither list fails.
 */

type Exports = Readonly<Record<string, unknown>>;

const folders = readdirSync(new URL('packages/', import.meta.url));
const exported = new Map<string, Exports>();
const sources = new Map<string, readonly string[]>();
for (const name of folders) {
  const folder = new URL(`packages/${name}/src/`, import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.test)\.ts$/u.test(file));
  sources.set(
    name,
    files.map((file) => readFileSync(new URL(file, folder), 'utf8')),
  );
  exported.set(name, (await import(`./packages/${name}/src/index.ts`)) as Exports);
}

/** Runs what may refuse a text by throwing. */
function attempt(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    // A refusal is an answer; that the stack ran out is none.
    if (error instanceof RangeError && /call stack/.test(error.message)) throw error;
  }
}
const money = await import('@purser/money');
const core = await import('@purser/core');
const database = await import('@purser/database');
const log = await import('@purser/log');
const audit = await import('@purser/audit');
const catalog = await import('@purser/catalog');
const ledger = await import('@purser/ledger');
const http = await import('@purser/http');
const mail = await import('@purser/mail');
const providers = await import('@purser/providers');
const routing = await import('@purser/routing');

const PRICES = await catalog.loadCatalog(new URL('catalogs/default.yaml', import.meta.url).pathname);

/** How each function is given a text. */
const READING: Readonly<Record<string, (text: string) => unknown>> = {
  'audit.parseHead': (text) => audit.parseHead(text),
  'log.redactSecrets': (text) => log.redactSecrets(text),
  'core.isUuid': (text) => core.isUuid(text),
  'database.toPostgresJson': (text) => database.toPostgresJson({ text }),
  'database.toPostgresText': (text) => database.toPostgresText(text),
  'database.derivedId': (text) => database.derivedId(text),
  'core.ownPath': (text) => core.ownPath(text, 'https://purser.example'),
  'log.createLog': (text) => log.createLog({ level: 'info', write: () => {} }).info({ text, err: new Error(text) }, text),
  'database.isTransientDatabaseError': (text) => database.isTransientDatabaseError(new Error(text)),
  'catalog.findOperation': (text) => catalog.findOperation(PRICES, text),
  'catalog.findPack': (text) => catalog.findPack(PRICES, text),
  'catalog.findPlan': (text) => catalog.findPlan(PRICES, text),
  'catalog.isPriceVersion': (text) => catalog.isPriceVersion(text),
  'catalog.proposeCatalog': (text) => catalog.proposeCatalog(text, PRICES),
  'catalog.proposePrices': (text) => catalog.proposePrices(text, PRICES),
  'ledger.parseCursor': (text) => ledger.parseCursor(text),
  'http.escaped': (text) => http.escaped(text),
  'http.event': (text) => http.event('text', { text }),
  'http.toCsv': (text) => http.toCsv(['text'], [[text]]),
  'mail.readSesEvent': (text) => mail.readSesEvent(JSON.stringify({ eventType: 'Bounce', mail: { messageId: text }, text })),
  'money.fromMinor': (text) => money.fromMinor(1, text),
  'money.currency': (text) => money.currency(text),
  'money.parseDecimal': (text) => money.parseDecimal(text),
  'money.parseMoney': (text) => money.parseMoney(text, 'EUR'),
  'money.parseRatio': (text) => money.parseRatio(text),
  'money.parseUnitPrice': (text) => money.parseUnitPrice(text, 'million_tokens' as never),
  'money.namesAmount': (text) => money.namesAmount(text),
  'money.priceKey': (text) => money.priceKey(text, text),
  'money.withoutAmounts': (text) => money.withoutAmounts(text),
  'providers.countTokens': (text) => providers.countTokens(text),
  'providers.imagesIn': (text) => providers.imagesIn(text),
  'providers.textOf': (text) => providers.textOf(text),
  'providers.withoutThought': (text) => providers.withoutThought(text),
  'providers.mayHoldThoughts': (text) => providers.mayHoldThoughts(text),
  'providers.takeTokens': (text) => providers.takeTokens(text, text.length / 10),
  'routing.promptBounds': (text) => routing.promptBounds([{ content: text }]).input_tokens_max,
  'routing.serialisedBounds': (text) => routing.serialisedBounds(text, 1).input_tokens_max,
};

/** Functions whose parameters are texts of ours, short ones, files of the operator, or nothing that a text is read out of; `lengthOf` reads frames, which its own test walks. */
const NOT_READING: readonly string[] = words(`
  account.replaceSettings account.searchOf console.beginRollout console.moveRollout console.takeBackGift settings.address settings.text
  http.registerWebClient metrics.backgroundLog terms.collectedByMonth identity.personNamed identity.workspaceNamed
  catalog.adapterNotes terms.foldTerms core.localTime api.asPrice api.spoken http.problemOfThrown http.refusalOfThrown http.anthropicError
  http.registerSignedMessages http.sendThrown http.boundConnections http.crossOrigin mail.printedMail
  http.sendCsv http.streamCsv http.namedWorkspace http.guardRedirects http.redirectWithin http.cursorOf http.quantity
  audit.entriesAfter audit.listAudit audit.readMarks core.inBackground database.backUp database.examineDatabase database.restoreBackup database.migrate database.databaseFault core.fileTrouble
  database.openPool database.addressAs database.openRoles settings.loadSettings embedded.makeFolder embedded.startEmbedded core.assert core.isRefusal
  core.refuse core.repeat catalog.checkPlans catalog.importModels catalog.importPrices catalog.loadCatalog catalog.pricesOfVersion
  catalog.catalogVersion gate.lengthOf gate.estimateLimits gate.featureRefusal gate.buyOffers gate.keepWithinBound identity.namesAndPlans identity.workspacesOn
  identity.workspacesOverTime ledger.listAttempts ledger.listPostings ledger.marginOf license.licenseChanges
  license.setByHand license.licenseRefusal policy.metersFor policy.quotaMeter account.replaceSettings account.searchOf catalog.adapterNotes console.beginRollout
  console.moveRollout console.takeBackGift terms.collectedByMonth terms.foldTerms meters.endGrants meters.takeBack notify.alertGroups notify.countUnseen notify.markManySeen ledger.workspaceDays ledger.marginOverTime account.groupSearchOf
  notify.listUndelivered notify.retryUndelivered jobs.cancelJob jobs.endedAmong jobs.readJob
  notify.markSeen notify.markSeenByOperator policy.setFreeze policy.originOf policy.armOf policy.versionFor
  policy.changeRollout policy.findRollout policy.startRollout policy.callsOfRollout policy.spentOfRaises privacy.beginEndUser privacy.beginPerson
  privacy.findErasure providers.usageFromAnthropic providers.usageFromGoogle providers.usageFromOpenAi
  ledger.balancesOf simulation.simulationPage terms.servedTerms terms.collectedByMonth terms.plansPaidFor wallet.setAllocation wallet.quotePack wallet.statementPage
`);

function words(text: string): string[] {
  return text.trim().split(/\s+/u);
}

/** The parameters of an exported function, as its package declares them; undefined where it declares no such function. */
function parametersOf(folder: string, name: string): string | undefined {
  const declaration = new RegExp(String.raw`export (?:async )?function\*? ${name}\b`);
  const source = sources.get(folder)?.find((text) => declaration.test(text));
  if (source === undefined) return undefined;
  const from = source.indexOf('(', source.search(declaration));
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === '(') depth += 1;
    else if (source[at] === ')' && (depth -= 1) === 0) return source.slice(from, at);
  }
  return undefined;
}

const takesText = (folder: string, name: string): boolean =>
  /: (?:readonly )?(?:string|unknown|Buffer|Uint8Array)\b/u.test(parametersOf(folder, name) ?? '');

test('every function that a package exports and that takes a text is on one of the lists', () => {
  const unlisted = [...exported].flatMap(([folder, exports]) =>
    Object.keys(exports)
      .filter((name) => takesText(folder, name))
      .map((name) => `${folder}.${name}`)
      .filter((name) => READING[name] === undefined && !NOT_READING.includes(name)),
  );
  expect(unlisted).toEqual([]);
});

test('the lists name nothing that is not there', () => {
  const gone = [...Object.keys(READING), ...NOT_READING].filter((name) => {
    const [folder = '', one = ''] = name.split('.');
    return typeof exported.get(folder)?.[one] !== 'function';
  });
  expect(gone).toEqual([]);
});

describe.each(Object.entries(READING))('%s reads in time that grows as the text does', (_, read) => {
  test.each(Object.entries(HOSTILE_TEXTS))('%s', (__, textOf) => {
    const texts = new Map<number, string>();
    const text = (size: number): string => {
      const known = texts.get(size) ?? textOf(size);
      texts.set(size, known);
      return known;
    };
    expect(fasterThanLinear(growthOf((size) => attempt(() => read(text(size))), { size_max: 1 << 16 }))).toBeUndefined();
  });
});
