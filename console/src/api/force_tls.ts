// What GET force-tls/… answers: a change of forced TLS, before it is made.

export type ForceVerdict = 'REFUSED' | 'UNKNOWN' | 'UPGRADED' | 'EXCEPTED' | 'UNAFFECTED';

export interface ForcePlan {
  target: string;
  group: string;
  kind: string; // pg or cluster-pg
  family: string;
  parameter: string;
  value_now: string;
  value_then: string;
  exceptions?: string[]; // that hold then
  static?: boolean;
  forces: boolean;
  changes: boolean; // the group, or what waits in it
  default_group_do_instead?: string[];
  instances: ForceInstance[];
  pending?: ForcePending;
  since: string;
  at: string;
}

export interface ForceInstance {
  instance: string;
  engine: string;
  version: string;
  takes_effect: string; // none, at once, when it starts, at its reboot, not in its hand
  why?: string;
  forced_now: boolean;
  clients_by_verdict: Partial<Record<ForceVerdict, number>>;
  clients: ForceClient[]; // the worst first
  more?: number;
  gap?: string; // why clients may have come that are not listed
  fix?: string;
  since: string;
  refusal?: string; // the engine's words to a refused client
  means?: string;
  upgrades?: boolean;
}

export interface ForceClient {
  verdict: ForceVerdict;
  user: string;
  source: string;
  application?: string;
  plain: number;
  encrypted: number;
  unknown: number;
  first_seen: string;
  last_seen: string;
  last_plain?: string;
  last_encrypted?: string;
  seen: string[];
  excepted_until?: string;
  why?: string;
}

/** A change that is taken back at its deadline, unless it is confirmed. */
export interface ForcePending {
  group: string;
  kind: string;
  region: string;
  by: string;
  at: string;
  undone_at: string;
  settings: Record<string, string>;
}
