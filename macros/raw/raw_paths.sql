{% macro raw_path_pattern(table) -%}
    {#- 'folder/name_{YYYYMM}.csv' as a regular expression whose group is the period; a * has none. -#}
    {{ return(
        '^'
        ~ modules.re.escape(table.path)
            | replace('\\{YYYYMM\\}', '([0-9]{6})')
            | replace('\\{YYYYMMDD\\}', '([0-9]{8})')
            | replace('/\\*\\*/', '()/(?:[^/]+/)*')
            | replace('\\{HH\\}', '[0-2][0-9]')
            | replace('\\*', '()[^/]+')
        ~ '$'
    ) }}
{%- endmacro %}

{% macro raw_folder(path) -%}
    {{ return(path.split('**')[0] if '**' in path else path.rsplit('/', 1)[0] ~ '/') }}
{%- endmacro %}

{% macro is_running() -%}
    {#- Only a command that runs models may look at the data; parse, compile and docs work without any. -#}
    {{ return(execute and flags.WHICH in ('run', 'build', 'snapshot', 'retry', 'run-operation')) }}
{%- endmacro %}

{% macro example_path(table) -%}
    {#- Stands for the files while no data may be looked at. -#}
    {{ return(table.path | replace('{YYYYMMDD}', '20240101') | replace('{YYYYMM}', '202401') | replace('**', 'example') | replace('{HH}', '00') | replace('*', 'example')) }}
{%- endmacro %}

{% macro listed_paths(folder) -%}
    {#- Files below a folder of the raw root, relative to it; names that start with . or _ are not data. -#}
    {%- set start = raw_root() ~ '/' -%}
    {%- set paths = [] -%}
    {#- One pattern a level, because ** does not follow links. -#}
    {%- set globs = [] -%}
    {%- for level in range(1, 6) -%}
        {%- do globs.append('select file from glob(' ~ sql_string(start ~ folder ~ (['*'] * level) | join('/')) ~ ')') -%}
    {%- endfor -%}
    {%- for row in run_query(globs | join(' union all ') ~ ' order by file') -%}
        {%- set path = row[0][start | length:] -%}
        {%- if path.rsplit('/', 1)[-1][0] not in ['.', '_'] -%}
            {%- do paths.append(path) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(paths) }}
{%- endmacro %}

{% macro raw_paths(table) -%}
    {#- Every file in the folder of a raw table, whether its name is right or not. -#}
    {%- if not is_running() -%}
        {{ return([example_path(table)]) }}
    {%- endif -%}
    {%- set tables = [] -%}
    {%- set folders = [] -%}
    {%- for node in graph.sources.values() if node.source_name == table.source -%}
        {%- do tables.append(node.config.meta.path) -%}
        {%- do folders.append(raw_folder(node.config.meta.path)) -%}
    {%- endfor -%}
    {%- set paths = listed_paths(table.source ~ '/') -%}
    {%- if not paths and not listed_paths('') -%}
        {%- do exceptions.raise_compiler_error(
            'No file below ' ~ raw_root() ~ '. Set LASTRO_RAW to the folder that holds ' ~ table.path ~ '.'
        ) -%}
    {%- endif -%}
    {%- set own_paths = [] -%}
    {%- for path in paths -%}
        {%- set readers = [] -%}
        {%- for pattern in tables if is_in_folder(path, pattern) -%}
            {%- do readers.append(pattern) -%}
        {%- endfor -%}
        {%- if not readers -%}
            {%- do exceptions.raise_compiler_error(
                raw_root() ~ '/' ~ path ~ ': no raw table is read from this folder. Move the file to one of '
                ~ folders | join(', ') ~ ' or out of the raw root.'
            ) -%}
        {%- endif -%}
        {%- if table.path in readers -%}
            {%- do own_paths.append(path) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(own_paths) }}
{%- endmacro %}

{% macro is_in_folder(path, pattern) -%}
    {#- Whether a file lies where a raw table is read from, whatever its name; ** stands for any folders below. -#}
    {{ return(
        path.startswith(raw_folder(pattern)) if '**' in pattern else raw_folder(path) == raw_folder(pattern)
    ) }}
{%- endmacro %}
