import * as tokens from '@cloudscape-design/design-tokens';
import type { CSSProperties } from 'react';

/**
 * The design system's colours under short names, for the style sheets of own
 * drawings. Put it on a drawing's outermost element: below it var(--d-bad) is
 * right in light and in dark.
 */
export const drawing = {
  '--d-line': tokens.colorBorderDividerDefault,
  '--d-soft': tokens.colorBorderDividerSecondary,
  '--d-text': tokens.colorTextBodyDefault,
  '--d-faint': tokens.colorTextBodySecondary,
  '--d-back': tokens.colorBackgroundContainerContent,
  '--d-good': tokens.colorTextStatusSuccess,
  '--d-info': tokens.colorTextStatusInfo,
  '--d-warn': tokens.colorTextStatusWarning,
  '--d-bad': tokens.colorTextStatusError,
  '--d-bad-back': tokens.colorBackgroundStatusError,
  '--d-good-back': tokens.colorBackgroundStatusSuccess,
  '--d-one': tokens.colorChartsPaletteCategorical1,
  '--d-two': tokens.colorChartsPaletteCategorical2,
  '--d-three': tokens.colorChartsPaletteCategorical3,
  '--d-four': tokens.colorChartsPaletteCategorical4,
  '--d-five': tokens.colorChartsPaletteCategorical5,
  '--d-axis': tokens.colorChartsLineAxis,
  '--d-grid': tokens.colorChartsLineGrid,
  '--d-round': tokens.borderRadiusItem,
} as CSSProperties;
