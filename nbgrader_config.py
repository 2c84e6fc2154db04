"""nbgrader's folders under the names that this course uses, so that nbgrader's own commands and formgrader work here.

Run nbgrader's commands in the folder of this file. The course itself is in course.yml.
"""

c = get_config()  # type: ignore[name-defined]  # noqa: F821  nbgrader defines it

c.CourseDirectory.course_id = "deep-neural-networks"  # course.id of course.yml
c.CourseDirectory.db_url = "sqlite:///gradebook.db"  # gradebook of course.yml
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments/en"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"

# `nbgrader list` fails where the exchange folder doesn't exist. A site with a real exchange names it here.
c.Exchange.root = "."

# nbgrader gives a cell 30 s by default; Keras's own five epochs take longer. As limits.cell_seconds of course.yml.
c.Execute.timeout = 900
c.Execute.startup_timeout = 180

# Students' pages: what `autograder feedback` makes, also by nbgrader's own command and formgrader's button.
c.GenerateFeedback.exporter_class = "autograder.classroom.pages.student_page.publish.FeedbackExporter"
