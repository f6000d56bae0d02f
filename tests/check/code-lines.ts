/**
 * Counts lines of code, without blank lines and comments: `npx tsx tests/check/code-lines.ts FOLDER …`. A line counts
 * if a token of it is left once the comments are gone, as TypeScript's own scanner sees it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Lines of one source text that hold code. */
export function codeLines(text: string, isJsx = false): number {
  const source = ts.createSourceFile(
    'file',
    text,
    ts.ScriptTarget.Latest,
    false,
    isJsx ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isToken(node) || ts.isTemplateLiteral(node) || node.getChildCount(source) === 0) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
      if (node.kind !== ts.SyntaxKind.EndOfFileToken)
        for (let line = first; line <= last; line += 1) lines.add(line);
    }
    for (const child of node.getChildren(source)) if (!ts.isJSDoc(child)) visit(child);
  };
  for (const child of source.getChildren(source)) visit(child);
  return lines.size;
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) =>
    name === 'dist' || name === 'node_modules' || name === 'generated' ? [] : filesBelow(join(path, name)),
  );
}

if (process.argv[1]?.endsWith('code-lines.ts') === true) {
  for (const folder of process.argv.slice(2)) {
    const files = filesBelow(folder).filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'));
    const total = files.reduce(
      (sum, name) => sum + codeLines(readFileSync(name, 'utf8'), name.endsWith('x')),
      0,
    );
    console.log(`${folder}: ${total} lines of code in ${files.length} files`);
  }
}
