// For ava when it runs what bundle-tests.mjs made. A single test file needs none of this: `npx ava test/plan/order.test.ts`.
export default {
  files: ['build/suite/test/**/*.test.js'],
  nodeArguments: ['--enable-source-maps'],
  workerThreads: false,
  timeout: '10m',
};
