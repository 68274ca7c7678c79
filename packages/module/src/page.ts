/** A page of the web client, as the navigation lists it. */
export interface Page {
  /** Below the web client's address: `/notes`. */
  readonly path: string;
  /** What the navigation says. */
  readonly label: string;
  /** Who sees it: members of a workspace, or the operator. */
  readonly for: 'workspace' | 'operator';
}
