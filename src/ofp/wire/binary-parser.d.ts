// The package's export map hides its own declarations from NodeNext resolution.
declare module 'binary-parser' {
  export * from 'binary-parser/dist/binary_parser.js';
}
