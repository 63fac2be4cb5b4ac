// For ava when it runs what bundle-tests.mjs made. A single test file needs none of this: `npx ava test/plan/order.test.ts`.

/** Those of more than ten seconds, the longest first, so that none is left to run alone at the end; the others come as they are named. */
const longest = [
  'kernel/playbooks',
  'kernel/differential/differential',
  'kernel/traps/reverse-path',
  'kernel/runbooks',
  'kernel/parse-nft/manual',
  'kernel/tail',
  'kernel/samples',
  'kernel/apply',
  'kernel/differential/negative-control',
  'kernel/chain',
  'kernel/dataplane-large',
  'kernel/dataplane',
  'kernel/devices',
  'kernel/differential/command',
  'kernel/conntrack/first-packets',
  'samples/golden',
  'property/samples',
  'cli/command-line',
  'property/residual',
];

const rank = (file) => {
  const at = longest.findIndex((name) => file.endsWith(`/test/${name}.test.js`));
  return at < 0 ? longest.length : at;
};

export default {
  files: ['build/suite/test/**/*.test.js'],
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  timeout: '10m',
  // Of two cores: many kernel tests wait for packets and processes most of the time.
  concurrency: 3,
  sortTestFiles: (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1),
};
