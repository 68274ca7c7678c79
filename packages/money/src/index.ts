export { actualCost, dearestCost, isUnpriced, type Unpriced, worstCaseCost } from './cost.ts';
export { type Decimal, formatDecimal, parseDecimal, scaledInteger } from './decimal.ts';
export { convertAllowance, convertCost, convertPlain, type ExchangeRates, findRate } from './exchange.ts';
export {
  add,
  compare,
  type Currency,
  currency,
  formatAmount,
  formatMoney,
  type Money,
  money,
  multiply,
  NANOS_PER_UNIT,
  parseMoney,
  scale,
  smaller,
  subtract,
  toWire,
  type WireMoney,
  zero,
} from './money.ts';
export { fromMinor, smallestPayment, toMinor } from './minor-units.ts';
export { namesAmount, withoutAmounts } from './without-amounts.ts';
export { PriceBook, priceKey } from './price-book.ts';
export {
  type Yoctos,
  YOCTOS_PER_NANO,
  findImagePrice,
  formatUnitPrice,
  type ImagePrice,
  type ModelPrice,
  parseUnitPrice,
  PRICED_UNITS,
  type PriceBasis,
  type PricedUnit,
  type PriceTier,
  type ServiceTier,
  TOKEN_UNITS,
  type TokenPrices,
  type TokenUnit,
  type UnitPrices,
} from './price.ts';
export {
  addRatios,
  compareRatios,
  divide,
  formatRatio,
  invertRatio,
  multiplyRatios,
  ONE,
  parseRatio,
  type Ratio,
  ratio,
  type Rounding,
  subtractRatios,
  ZERO_RATIO,
} from './ratio.ts';
export { type ImageCount, NO_USAGE, type Usage } from './usage.ts';
