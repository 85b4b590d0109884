import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';

const types: Record<string, StatusIndicatorProps.Type> = {
  available: 'success',
  stopped: 'stopped',
  failed: 'error',
  'incompatible-parameters': 'error',
  creating: 'in-progress',
  modifying: 'in-progress',
  rebooting: 'in-progress',
  renaming: 'in-progress',
  starting: 'in-progress',
  stopping: 'in-progress',
  deleting: 'in-progress',
};

/** A database's status in RDS's word; STUCK when its rotation is. */
export function DatabaseStatus({ status, stuck, step }: { status: string; stuck?: string; step?: string }) {
  if (stuck) return <StatusIndicator type="error">{`${status}, STUCK: ${stuck}`}</StatusIndicator>;
  return <StatusIndicator type={types[status] ?? 'info'}>{step ? `${status}, certificate: ${step}` : status}</StatusIndicator>;
}
