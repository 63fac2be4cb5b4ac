// One gate for everyone: strict type-checked rules, exhaustive switches, small files, and imports that follow the data flow.
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The data flow, top to bottom (style guide, "Layout"). A stage may import itself and what stands above it. */
const stages = [
  'diagnostic.ts',
  'json-schema.ts',
  'parse',
  'model',
  'capture',
  'oracle',
  'analyse',
  'plan',
  'simulate',
  'compile',
  'update',
  'residual',
  'load',
  'verify',
  'replay',
  'explain',
  'host',
  'follow',
  'watch',
  'state',
  'sample',
  'report',
  'cli',
  'index.ts',
];

const below = stages
  .map((stage, i) => ({
    target: `./src/${stage}`,
    from: stages.slice(i + 1).map((later) => `./src/${later}`),
    message: `imports point up the list only: ${stages.join(' > ')}`,
  }))
  .filter((zone) => zone.from.length > 0);

/** The reference interpreter must not share a mistake with what it checks. */
const oracleIsIndependent = {
  target: './src/oracle',
  from: ['./src/parse'],
  message: 'the oracle imports src/model (and diagnostic) only',
};

export default tseslint.config(
  {
    ignores: ['dist/', 'build/', 'coverage/', 'src/parse/generated/', 'src/load/native/build/', 'samples/', '**/*.cjs'],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
      // Only paths are resolved; nothing is parsed a second time for import-x.
      'import-x/parsers': {},
    },
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        { basePath: import.meta.dirname, zones: [...below, oracleIsIndependent] },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: false },
      ],
      'max-lines': ['error', { max: 400 }],
      eqeqeq: 'error',
      // Numbers print as one expects; everything else must be made a string on purpose.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Columns are typed arrays read by index in hot loops: `!` is the honest spelling under noUncheckedIndexedAccess.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Bounded loops that leave in the middle are written `for (;;)` or `while (true)`.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A stage may be asynchronous by contract though one implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Duplicates of one string in a union document which member is meant.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
    },
  },
  {
    // A test may build impossible inputs, and ava's macros take loosely typed arguments.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
