/** The load line every ship carries: loaded to here, and no further. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="text-signal">
      <circle cx="16" cy="16" r="10" fill="none" stroke="currentColor" strokeWidth="3.4" />
      <path d="M1 16h30" stroke="currentColor" strokeWidth="3.4" />
    </svg>
  );
}
