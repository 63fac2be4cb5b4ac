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
  'kernel/watch/large',
  'kernel/parse-nft/manual',
  'kernel/watch/process',
  'kernel/program-size',
  'kernel/verify-refuses',
  'kernel/chain',
  'kernel/verify',
  'kernel/systemd/service',
  'kernel/systemd/watch',
  'kernel/watch/churn',
  'kernel/watch/files',
  'kernel/updates',
  'kernel/dataplane',
  'kernel/dataplane-large',
  'kernel/updates-concurrent',
  'kernel/devices',
  'kernel/follow/rate',
  'samples/golden',
  'work/linear',
  'property/samples',
  'replay/replay',
  'cli/command-line',
  'kernel/live/read-live',
  'kernel/preflight',
  'kernel/live/save',
  'kernel/residual-nft',
  'kernel/nft',
  'kernel/watch/live',
  'kernel/watch/ipset',
  'kernel/watch/before',
  'kernel/watch/chain',
  'plan/box-runs',
  'plan/listed-rules',
  'plan/address-runs',
  'kernel/vlan',
  'kernel/differential/command',
  'kernel/differential/negative-control',
  'kernel/capabilities',
  'kernel/command',
  'kernel/replay',
  'kernel/parse-nft/listing',
  'kernel/parse-nft/model',
  'property/explain',
  'property/residual',
  'property/nft',
];

const rank = (file) => {
  const at = longest.findIndex((name) => file.endsWith(`/test/${name}.test.js`));
  return at < 0 ? longest.length : at;
};

export default {
  files: ['build/suite/test/**/*.test.js'],
  // Optimizing what runs for a second or two costs more than it saves. Node 20: flags of V8 come and go.
  nodeArguments: [
    '--enable-source-maps',
    ...(process.versions.node.startsWith('20.') ? ['--interrupt-budget=600000'] : []),
  ],
  workerThreads: false,
  timeout: '10m',
  // Of two cores, which three leave idle for a third of the time: kernel tests wait for packets and processes.
  concurrency: 5,
  sortTestFiles: (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1),
};
