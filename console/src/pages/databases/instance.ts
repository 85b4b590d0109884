import { list, rds, text, type Node } from '../../api/rds';

/** A DB instance as DescribeDBInstances tells it. */
export interface Instance {
  name: string;
  arn: string;
  resourceId: string;
  engine: string;
  version: string;
  class: string;
  status: string;
  host: string;
  port: string;
  ca: string;
  validTill: string;
  masterUser: string;
  database: string;
  cluster: string;
  created: string;
  window: string;
  group: string;
  groupStatus: string; // in-sync, applying, pending-reboot
  storage: string;
  protected: boolean;
  pendingName: string;
  pendingCA: string;
  pendingPassword: boolean;
}

export function parseInstance(n: Node): Instance {
  const group = list(n, 'DBParameterGroups', 'DBParameterGroup')[0];
  return {
    name: text(n, 'DBInstanceIdentifier'),
    arn: text(n, 'DBInstanceArn'),
    resourceId: text(n, 'DbiResourceId'),
    engine: text(n, 'Engine'),
    version: text(n, 'EngineVersion'),
    class: text(n, 'DBInstanceClass'),
    status: text(n, 'DBInstanceStatus'),
    host: text(n, 'Endpoint', 'Address'),
    port: text(n, 'Endpoint', 'Port'),
    ca: text(n, 'CACertificateIdentifier'),
    validTill: text(n, 'CertificateDetails', 'ValidTill'),
    masterUser: text(n, 'MasterUsername'),
    database: text(n, 'DBName'),
    cluster: text(n, 'DBClusterIdentifier'),
    created: text(n, 'InstanceCreateTime'),
    window: text(n, 'PreferredMaintenanceWindow'),
    group: text(group, 'DBParameterGroupName'),
    groupStatus: text(group, 'ParameterApplyStatus'),
    storage: text(n, 'AllocatedStorage'),
    protected: text(n, 'DeletionProtection') === 'true',
    pendingName: text(n, 'PendingModifiedValues', 'DBInstanceIdentifier'),
    pendingCA: text(n, 'PendingModifiedValues', 'CACertificateIdentifier'),
    pendingPassword: text(n, 'PendingModifiedValues', 'MasterUserPassword') !== '',
  };
}

/** One instance of the region. */
export async function loadInstance(name: string): Promise<Instance> {
  const found = list(await rds('DescribeDBInstances', { DBInstanceIdentifier: name }), 'DBInstances', 'DBInstance')[0];
  return parseInstance(found ?? {});
}
