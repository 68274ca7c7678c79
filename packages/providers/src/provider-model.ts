/** What answered. `name` is what the provider says it ran, which may be a dated version of what was asked for. */
export interface ProviderModel {
  readonly provider: string;
  readonly name: string;
  readonly version?: string;
}
