/** How the page looks: light or dark as the reader has it, and plain on paper. */
export const htmlStyle = `:root { color-scheme: light dark; --ground: #fff; --ink: #1c2024; --dim: #5a6470; --line: #d8dde3;
  --full: #1a7f37; --partial: #8a6100; --none: #6b7480; --bad: #b42318; --mark: #f3f5f7; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181c; --ink: #e4e8ec; --dim: #9aa5b1; --line: #333a42;
  --full: #56d364; --partial: #e3b341; --none: #8b949e; --bad: #ff7b72; --mark: #20252b; } }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
code, pre, .rules th { font: .86rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--mark); padding: .8rem; overflow: auto; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
.rules th { font-weight: normal; width: 16rem; color: var(--dim); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { color: var(--dim); font-size: .9rem; overflow-wrap: anywhere; }
.bar { display: flex; height: .8rem; margin: .6rem 0; background: var(--line); }
.bar .full { background: var(--full); } .bar .partial { background: var(--partial); } .bar .none { background: var(--none); }
.mark.full, .status.holds, .done { color: var(--full); } .mark.partial, .status.unchecked { color: var(--partial); } .mark.none { color: var(--none); }
.status.violated { color: var(--bad); font-weight: bold; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } details > * { display: block; } tr, h2, h3 { break-inside: avoid; break-after: avoid-page; }
  details::details-content { content-visibility: visible; display: block; }
  .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
