// For ava when it runs what bundle-tests.mjs made. A single test file needs none of this: `npx ava test/plan/order.test.ts`.

/** Those of more than ten seconds, the longest first, so that none is left to run alone at the end; the others come as they are named. */
const longest = [
  'kernel/playbooks',
  'kernel/systemd/playbooks',
  'kernel/differential/differential',
  'kernel/runbooks',
  'kernel/traps/reverse-path',
  'kernel/live/install',
  'kernel/before',
  'kernel/tail',
  'kernel/apply',
  'kernel/chain',
  'kernel/parse-nft/manual',
  'kernel/systemd/service',
  'kernel/systemd/watch',
  'samples/golden',
  'property/samples',
  'kernel/devices',
  'kernel/dataplane',
  'kernel/dataplane-large',
  'kernel/differential/command',
  'cli/command-line',
  'plan/box-runs',
  'plan/listed-rules',
  'kernel/vlan',
  'kernel/differential/negative-control',
  'kernel/nft',
  'kernel/watch/process',
  'kernel/watch/live',
  'kernel/watch/ipset',
  'replay/replay',
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
