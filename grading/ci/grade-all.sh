#!/usr/bin/env bash
# Grades a folder of submissions on a machine of your own, one after the other or as a Slurm array job.
#
#   grading/ci/grade-all.sh SUBMISSIONS RESULTS [LAB…]
#   sbatch --array=0-9 grading/ci/grade-all.sh SUBMISSIONS RESULTS [LAB…]
#
# SUBMISSIONS holds a folder for each student, with BuddySystem/*.swift and so on within. RESULTS gets NAME.json
# and NAME.txt for each, and scores-N.csv for each part of the array: name, total (0…100), exit status.
# Start it in the kit's root, after `swift build --product grade` on a machine of the same kind.
#SBATCH --job-name=kernel-memory-lab
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=02:00:00
set -uo pipefail

if [ $# -lt 2 ] || [ ! -d "$1" ] || [ ! -f grading/course.json ]; then
  echo "usage, in the kit's root: grading/ci/grade-all.sh SUBMISSIONS RESULTS [LAB…]" >&2
  exit 2
fi
submissions=$1
results=$2
shift 2
mkdir -p "$results" || exit 1
# The program itself: `swift run` would make the parts of an array wait for each other.
grade=$(swift build --show-bin-path)/grade
[ -x "$grade" ] || { echo "grade-all.sh: first run: swift build --product grade" >&2; exit 2; }

# Part N of M takes every M-th submission; a plain run is part 0 of 1.
part=$((${SLURM_ARRAY_TASK_ID:-0} - ${SLURM_ARRAY_TASK_MIN:-0}))
parts=${SLURM_ARRAY_TASK_COUNT:-1}
scores=$results/scores-$part.csv
echo 'name,total,status' > "$scores"

failed=0
index=0
for folder in "$submissions"/*/; do
  [ -d "$folder" ] || continue
  turn=$((index % parts))
  index=$((index + 1))
  [ $turn -eq $part ] || continue
  name=$(basename "$folder")
  "$grade" "$@" --submission "$folder" --require-confinement \
    --json "$results/$name.json" > "$results/$name.txt" 2>&1
  status=$?
  total=
  if [ $status -eq 0 ]; then
    total=$(sed -n 's/^ *"total" *: *\([0-9.]*\).*/\1/p' "$results/$name.json")
  else
    failed=1
  fi
  echo "$name,$total,$status" | tee -a "$scores"
done
exit $failed
