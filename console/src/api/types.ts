// What dbtls's own API answers, as internal/api/native writes it.

export interface Overview {
  at: string;
  frozen?: string; // why rotations are held
  clock?: string; // why the clock is not trusted
  worst_days: number | null; // until the first server certificate expires
  databases: number;
  by_status: Record<string, number>;
  by_ca: { ca: string; databases: number }[];
  expiries: Expiry[]; // the soonest first, of everything that expires
  next: { instance: string; region: string; reason: string; at: string }[]; // what rotates next, the soonest first
  stuck: { instance: string; region: string; reason: string; detail: string; since: string }[];
  plain: { instance: string; region: string; why: string }[]; // databases that still accept plain connections
  plain_total: number;
  forcing: { group: string; kind: string; region: string; deadline: string }[]; // changes of forced TLS that wait to be confirmed
}

export interface Expiry {
  kind: 'leaf' | 'ca' | 'bridge' | 'certificate' | 'wallet';
  name: string; // instance, CA, or imported certificate
  region: string;
  not_after: string;
  count: number; // of leaves that end that day, when they are too many to name
}

export interface Database {
  name: string;
  engine: string;
  version: string;
  status: string;
  class: string;
  cluster?: string;
  endpoint: string; // host:port
  ca: string;
  not_after?: string;
  pending_ca?: string;
  bridge_until?: string;
  step?: string; // of the rotation under way
  stuck?: string;
  forced?: boolean; // clients have to use TLS; absent: the engine has no such switch
  group: string;
}

export interface Databases {
  total: number;
  databases: Database[];
}

/** A probe's report: what a handshake shows now (dbtls probe --json). */
export interface ProbeReport {
  target: string;
  time: string;
  mode: string;
  ok: boolean;
  stage?: string;
  code?: string;
  reached?: string;
  server_version?: string;
  tls?: { version: string; cipher: string; group?: string };
  chain_length: number;
  chain: ServedCertificate[];
  verdicts: { mode: string; would_connect: boolean; stage?: string; code?: string; reason?: string; fix?: string }[];
  strictest?: string;
  warnings: { code: string; text: string }[];
  trust: { source: string; certificates: number; anchors: number; lacks?: { subject: string; key_id?: string; sha256?: string } };
}

export interface ServedCertificate {
  subject: string;
  issuer: string;
  serial: string;
  names?: string[];
  not_before: string;
  not_after: string;
  days_left: number;
  key: string;
  key_bits: number;
  signature: string;
  sha256: string;
  self_signed: boolean;
  is_ca: boolean;
}

export interface Rotations {
  open?: Rotation;
  history: Rotation[]; // the newest first, at most 50
}

export interface Rotation {
  id: number;
  reason: string;
  from: string;
  to: string;
  by: string;
  step: string; // key, issue, stage, activate, restart, verify, watch, commit, rollback, prove
  outcome: string; // "", committed, cancelled, rolled-back
  stuck?: { reason: string; detail: string; since: string; way_back?: string; proven: boolean };
  serial?: string;
  not_after?: string;
  bridge_from?: string;
  bridge_until?: string;
  trial_until?: string; // clients that refuse the new chain are looked for until then
  started_at: string;
  ended_at?: string;
  attempts: number;
  next_try?: string;
}

export interface Snippets {
  bundle: string; // path of the region's bundle on this server
  clients: Snippet[];
}

export interface Snippet {
  id: string;
  title: string;
  store: string; // how to make the trust store
  settings: string; // the minimal ones for full verification
  snippet: string; // a whole file
  file: string; // and its name
  proof: string; // the query that proves it
  notes?: string;
}

export interface Hierarchy {
  region: string;
  default: string;
  override: boolean;
  cas: {
    id: string;
    root: CACertificate;
    issuing: CACertificate;
    auto_rotates: boolean;
    databases: number;
    crosses: { subject: string; issuer: string; not_after: string }[]; // the subject's CA, by the issuer's
  }[];
}

export interface CACertificate {
  subject: string;
  not_before: string;
  not_after: string;
  key: string;
  key_bits: number;
  sha1: string;
  sha256: string;
  pem: string;
}

/** What is inside a file that somebody wants to import. */
export interface Inspection {
  kind: 'pem' | 'wallet';
  ok: boolean;
  refused?: string; // why an import would be refused
  warnings: string[];
  certificates: { subject: string; issuer: string; not_before: string; not_after: string; key: string; key_bits: number; sha256: string; self_signed: boolean; is_ca: boolean }[];
}

export type Verdict = 'BREAKS' | 'SAFE' | 'DOES-NOT-VERIFY' | 'UNKNOWN';

/** GET instances/{name}/rotate/plan */
export interface Plan {
  instance: string;
  from: string;
  to: string;
  reason: string;
  effect: string;
  sessions: string;
  not_after: string;
  covered: string[];
  bridge_until?: string;
  loses_cover?: string;
  held_back?: string;
  way_back: boolean;
  wire: string;
  clients: Forecast;
}

export interface Forecast {
  clients: { user: string; source: string; application: string; tls: string; first_seen?: string; last_seen?: string; count: number; verdict: Verdict; until?: string; why: string; evidence: string[] }[];
  verdicts: Partial<Record<Verdict, number>>;
  unseen?: string;
  worst: Verdict;
}

/** GET connections/{instance}/{endpoint}: the last test of an endpoint from a replication instance. */
export interface ConnectionTest {
  endpoint: string;
  instance: string;
  status: string;
  message?: string;
  begun_at: string;
  ended_at?: string;
  stale: boolean;
  outcome: TestOutcome;
}

/** How a connection test ended. */
export interface TestOutcome {
  stage?: string; // where it failed: dns, connect, starttls, tls, chain, name, login
  code?: string;
  reason?: string;
  fix?: string;
  missing?: string; // subject of the certificate that is not trusted
  missing_sha256?: string;
  strictest_mode?: string; // the strictest mode of the engine that would work
  verify_modes_unjudged: boolean;
  tls_ok: boolean; // what the mode promises of TLS held; a failure came later
  server_version?: string;
  warnings?: string[];
  report?: ProbeReport;
}

export interface AuditLine {
  id: number;
  at: string;
  actor: string;
  action: string;
  target: string;
  request_id?: string;
  detail?: string;
  call?: boolean;
}

/** GET instances/{name}/sessions and endpoints/{name}/sessions */
export interface Sessions {
  instance?: string;
  endpoint?: string;
  since: string;
  clients: SessionClient[]; // the most recent first
  more: number; // that are not listed
  coverage: Span[];
  never_plain: { known: boolean; holds: boolean; why: string };
  encrypted: number;
  plain: number;
  unknown: number;
  refused: number; // for not encrypting
  failed_handshakes: number;
  unknown_reason?: string;
  fix?: string;
  note?: string;
  look_failed?: string;
  followed?: boolean; // of an endpoint
}

export interface SessionClient {
  kind: 'login' | 'plain-refused' | 'handshake-failed';
  how: 'log' | 'view' | 'counter' | 'report';
  user: string;
  source: string;
  application: string;
  database: string;
  tls: 'encrypted' | 'plain' | 'unknown';
  tls_version?: string;
  cipher?: string;
  why?: string;
  own?: boolean; // dbtls itself
  internal?: boolean; // the server's own thread
  first_seen: string;
  last_seen: string;
  count: number;
}

/** A time that was watched. */
export interface Span {
  how: SessionClient['how'];
  from: string;
  to: string;
  ended?: string; // why it ended
}
