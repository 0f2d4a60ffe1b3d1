/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'es6' } }],
  },
  coverageProvider: 'v8',
  // Integration tests mostly wait for other processes, so that two files at a time pay even on one core.
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/test/reporter.js'],
};
