/// What `grade help` prints.
let helpText = """
  grade: scores your work in the labs

    swift run grade                      every lab of the course
    swift run grade BuddySystem          one lab; its files may also lie bare in the submission's folder
    swift run grade BuddySystem/merge    one check of a lab
    swift run grade list                 the labs and their checks, with kinds and points
    swift run grade hint CHECK [1|2|3]   a hint for a check: 1 the idea, 2 the strategy, 3 nearly the code
    swift run grade replay CHECK         performs the run that failed a check again, step by step, and judges it
    swift run grade replay FILE          the same for a trace in a file, also one of your own
    swift run grade reset LAB            puts the stub back and keeps your files beside it
    swift run grade audit [LAB…]         for maintainers: proves that the checks tell right from wrong

  Options of grade
    --submission DIR       the folder with LAB/*.swift; Exercises unless named
    --all                  every failure in full, and what the passed checks tried
    --json FILE            the report for programs (grading/REPORT.md); - for standard output, instead of the text
    --seed S               another seed than the course's
    --require POINTS       exit status 1 when the total is below; where checks are named, of their points alone
    --require-confinement  refuse to run the code unless every means of confinement is there
    --no-replays           leave grading/results, where failing runs are kept, as it is
    --course DIR           the folder that holds grading/course.json, if not this one or one above

  Options of grade audit
    --json FILE            the result for programs
    --only NAME            one mutant or submission of one lab
    --promises             what each lab promises, with the checks that try it, as a table
    --margins [--runs N]   measure N times (20 unless named) what points for speed depend on, and how far it lies from a step
    --mutate               make mutants by rule, and print those that pass every check and are not in grading/LAB/equivalent
    --count N, --seed S    how many of them, and which (200 and 1 unless named)
    --skip N               leave out the first N of the seed's order, where another run ended
    --again FILE           instead of a choice: those that passed every check in the run whose --json is FILE
    --stubs                compare the stubs with what the solutions give, and with Exercises
    --write-stubs          write the stubs anew; Exercises too where nothing was changed there

  Exit status: 0 graded; 1 below --require, a replayed trace that breaks a rule, or a defect that the audit found;
  2 wrong use; 3 the grader itself failed.

  """
