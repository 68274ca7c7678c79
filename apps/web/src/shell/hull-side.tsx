const DRAUGHTS = [8, 7, 6];

/** The ship's side at the waterline: draught marks and the load line above, oxide paint below, and water that moves a little. */
export function HullSide() {
  return (
    <div aria-hidden="true" className="absolute inset-0 -z-10">
      <div className="absolute inset-x-0 bottom-0 h-26 border-t-[6px] border-[#eef4f8] bg-[#9c2c18] lg:h-54" />
      <svg width="420" height="430" viewBox="0 0 420 430" className="absolute right-6 bottom-0 text-[#eef4f8] max-lg:hidden">
        {DRAUGHTS.map((draught, i) => (
          <g key={draught} transform={`translate(340 ${100 + i * 88})`}>
            <text className="narrow" fontSize="58" fontWeight="700" fill="currentColor" textAnchor="middle">
              {draught}
            </text>
            <path d="M30 -18h26" stroke="currentColor" strokeWidth="5" />
          </g>
        ))}
        <g transform="translate(150 132)" stroke="#ffc72c" fill="none" strokeWidth="12">
          <circle r="50" />
          <path d="M-92 0h184" />
        </g>
      </svg>
      <Water className="bottom-[45px] h-12 fill-[#1b5273] [animation-duration:19s] lg:bottom-[101px] lg:h-16" />
      <Water className="bottom-[45px] h-6 fill-[#0f3148] [animation-direction:reverse] [animation-duration:13s] lg:bottom-[101px] lg:h-9" />
      <div className="absolute inset-x-0 bottom-0 h-[46px] bg-[#0f3148] lg:h-[102px]" />
    </div>
  );
}

/** Two equal lengths of wave side by side, drawn along by one of them: it never ends. */
function Water({ className }: { readonly className: string }) {
  return (
    <svg
      viewBox="0 0 1200 60"
      preserveAspectRatio="none"
      className={`absolute left-0 w-[200%] animate-[swell_14s_linear_infinite] ${className}`}
    >
      <path d="M0 30c100-34 200 34 300 0s200 34 300 0 200 34 300 0 200 34 300 0v32H0z" />
    </svg>
  );
}
