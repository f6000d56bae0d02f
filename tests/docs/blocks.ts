/** Extracts the code blocks of Markdown pages, and compiles those in TypeScript. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** A fenced block and the line of its fence. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a page. */
export function blocksOf(page: string, text: string): readonly Block[] {
  const fences = text.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm);
  return [...fences].map(({ 1: language = '', 2: code = '', index }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language,
    code,
  }));
}

/** Declarations that the pages leave to the reader. */
const DECLARATIONS =
  'declare function getToken(): Promise<string>; declare const token: string; export {};\n';

/** Compiles `ts` and `tsx` blocks, each as its own module; returns one line per error. */
export function compile(blocks: readonly Block[], root: string): readonly string[] {
  const { config } = ts.readConfigFile(join(root, 'tests/tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, 'tests'), { noEmit: true });
  const files = new Map(
    blocks.map((block) => {
      const name = `${block.page.replaceAll('/', '-')}-line-${block.line}.${block.language}`;
      return [join(root, 'tests/docs', name), { block, text: DECLARATIONS + block.code }] as const;
    }),
  );
  const compilerOptions = {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    composite: false,
    noPropertyAccessFromIndexSignature: false,
  };
  const host = ts.createCompilerHost(compilerOptions);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (path) => files.get(path)?.text ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, ...rest) => {
    const file = files.get(path);
    return file === undefined
      ? getSourceFile(path, ...rest)
      : ts.createSourceFile(path, file.text, ts.ScriptTarget.ES2022);
  };
  const program = ts.createProgram([...files.keys()], compilerOptions, host);
  return [...files].flatMap(([path, { block }]) => {
    const source = program.getSourceFile(path);
    const found = source === undefined ? [] : ts.getPreEmitDiagnostics(program, source);
    return found.map(({ messageText, start = 0 }) => {
      const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${block.page}:${block.line + line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

/** Parses JavaScript or TypeScript without types; returns one line per syntax error. */
export function parse(code: string): readonly string[] {
  const { diagnostics = [] } = ts.transpileModule(code, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

/** Reads a page, with the folder that its relative links start from. */
export function readPage(page: string): { readonly text: string; readonly folder: string } {
  return { text: readFileSync(page, 'utf8'), folder: dirname(page) };
}
