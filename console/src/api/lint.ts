import { post } from './native';
import type { Verdict } from './types';

/** POST clients/lint: the answer of dbtls clients lint --json. */
export interface LintAnswer {
  findings: Finding[] | null;
  summary: { total: number; breaks: number };
}

export interface Finding {
  line?: number;
  driver: string;
  name?: string;
  engine?: string;
  version?: string;
  version_from?: string;
  host?: string;
  port?: string;
  user?: string;
  database?: string;
  text: string; // as written, secrets hidden
  encrypts: string;
  verifies: string;
  trust: { kind: string; path?: string };
  outcomes: Outcome[] | null;
  verdict?: Verdict;
  until?: string;
  why: string;
  fix?: string;
  notes?: string[];
}

export interface Outcome {
  since?: string;
  before?: string;
  encrypts: string;
  verifies: string;
  trust: { kind: string; path?: string };
  rule: string;
  why: string;
  fix?: string;
  source: string;
  proof: string; // measured, documented
}

export const lint = (text: string, change?: { from: string; to: string }) => post<LintAnswer>('clients/lint', { text, ...change });
