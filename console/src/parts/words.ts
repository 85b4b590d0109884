// What the API's names mean, for people.

const reasons: Record<string, string> = {
  Created: 'new database',
  KeyCompromised: 'its key is compromised',
  EndpointChanged: 'its endpoint changed',
  Requested: 'somebody asked for it',
  CAChanged: 'its CA changes',
  BridgeEnded: 'the overlap with the old CA ends',
  ForcedBeforeExpiry: 'its certificate is about to expire',
  CAExpiring: 'its CA is about to expire',
  HalfLife: 'half of the life of its certificate is over',
  Unrecorded: 'what it serves is not on record',
};

/** Why a rotation happens. */
export function reasonOf(name: string): string {
  return reasons[name] ?? name;
}

const waysOut: Record<string, string> = {
  KeyNotMade: 'See that the disk has room and that the folder of the database can be written. dbtls tries again by itself.',
  NotIssued: 'See that the CA has time left and that its key can be opened (the master key). dbtls tries again by itself.',
  PreflightFailed: 'The new pair did not pass its checks and was not used. See owner and mode of the files. dbtls tries again with a fresh key.',
  ActivationFailed: 'The server does not read the new files. Look into its log and its configuration; dbtls tries again by itself.',
  ReloadIgnored: 'The server goes on with the old certificate after a reload. Reboot the database; dbtls tries again by itself.',
  WrongLeaf: 'Something else answers at the endpoint, or somebody changed the files. See what listens there.',
  ChainRejected: 'Clients would refuse the new chain. See the chain as served. dbtls tries again with a fresh key; choose another CA if need be.',
  NoTLS: 'The server stopped to offer TLS. Look at its parameters and its log.',
  Unreachable: 'The endpoint does not answer, so nothing is proven. Start or reboot the database.',
  RestartFailed: 'The server did not come up again. Look into its log, then start it.',
  ClientsRefused: 'Clients refuse the new certificate. Give them the bundle of this region, or move back to the CA before.',
};

/** What a person does about a rotation that is STUCK. */
export function wayOut(reason: string): string {
  return waysOut[reason] ?? 'See its events and its log. dbtls tries again by itself.';
}
