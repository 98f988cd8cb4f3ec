/* Files of the source tree that the program carries with it; written at build time. */
#pragma once

extern const char embedded_schema_sql[];
extern const char embedded_style_gp[];
extern const char embedded_panels_gp[];
extern const char embedded_legend_gp[];
